import { BackupError } from '../errors';
import type { CheckResult } from './checks';

/** The SHA-256 of a stored file: what was read, or what the manifest says. */
export interface Checksum {
	/** Hex digest. */
	sha256: string;
}

/** Says whether an artifact is, byte for byte, what its manifest describes. */
export function checkChecksum({ sha256 }: Checksum, manifest: Checksum | undefined): CheckResult {
	const check = 'sha256';
	if (!manifest) {
		return { check, result: 'unknown', detail: `It is ${sha256}; what it should be is not known.` };
	}
	if (sha256 === manifest.sha256) {
		return { check, result: 'passed', detail: 'Every stored byte is as it was written.' };
	}
	return { check, result: 'failed', detail: `It is ${sha256} where the manifest says ${manifest.sha256}.` };
}

/**
 * Keeps a restore from going on with an artifact that is another than its manifest describes.
 *
 * @throws BackupError `damaged`
 */
export function assertChecksum(path: string, { sha256 }: Checksum, manifest: Checksum | undefined): void {
	if (!manifest || sha256 === manifest.sha256) return;
	throw notAsDescribed(path, 'its SHA-256 differs');
}

/** The error for an artifact that is not what its manifest says. */
export function notAsDescribed(path: string, difference: string): BackupError {
	return new BackupError('damaged', `${path} is not what its manifest describes: ${difference}`, {
		advice: 'Verify it and use another backup, or restore it without its manifest; nothing was restored',
	});
}
