import type { CheckResult } from '../artifact/checks';
import type { Manifest } from '../artifact/manifest';
import { type VerifyReport, type VerifyRequest, verifyArtifact } from '../artifact/verifyArtifact';
import { BackupError } from '../errors';
import { RdbInspector, type RdbFacts } from './rdb/rdbInspector';

/**
 * Verifies a snapshot: everything that {@link verifyArtifact} checks of any artifact, the RDB's whole structure
 * and its CRC64, and that it holds as many keys as were counted when it was taken.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, cancelled
 */
export async function verifyRedisArtifact(
	request: Omit<VerifyRequest, 'inspect'>,
	signal: AbortSignal,
): Promise<VerifyReport> {
	return await verifyArtifact({ ...request, inspect: inspectSnapshot }, signal);
}

async function inspectSnapshot(
	raw: AsyncIterable<Buffer>,
	manifest: Manifest | undefined,
): Promise<CheckResult[]> {
	const inspector = new RdbInspector();
	for await (const chunk of raw) inspector.take(chunk);
	let facts: RdbFacts;
	try {
		facts = inspector.finish();
	} catch (error) {
		if (!(error instanceof BackupError) || error.code !== 'unsupported') throw error;
		// A newer server's file may well be whole; only this package cannot tell.
		return [{ check: 'content', result: 'unknown', detail: error.message }];
	}
	const structure: CheckResult = {
		check: 'content',
		result: 'passed',
		detail: `The RDB (format ${facts.version}) is whole, down to its end mark.`,
	};
	return [structure, checkCrc(facts), checkKeys(facts, manifest)];
}

function checkCrc({ checksum }: RdbFacts): CheckResult {
	const check = 'crc64';
	if (checksum === 'verified') {
		return { check, result: 'passed', detail: 'The checksum that the server wrote holds.' };
	}
	return { check, result: 'unknown', detail: 'The server wrote no checksum (rdbchecksum no).' };
}

function checkKeys({ keys, warnings }: RdbFacts, manifest: Manifest | undefined): CheckResult {
	const check = 'keys';
	if (keys === undefined) return { check, result: 'unknown', detail: warnings.join(' ') };
	const expected = manifest?.census.kind === 'redis' ? manifest.census.keys : undefined;
	if (expected === undefined) {
		return { check, result: 'unknown', detail: `${keys} keys; how many there should be is not known.` };
	}
	if (keys === expected) {
		return { check, result: 'passed', detail: `${keys} keys, as counted when the snapshot was taken.` };
	}
	return { check, result: 'failed', detail: `${keys} keys where the manifest says ${expected}.` };
}
