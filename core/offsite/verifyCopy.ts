import type { CatalogEntry, OnProgress } from '../artifact';
import type { CheckResult } from '../artifact/checks';
import { type Destination, remoteName } from './destination';
import { hashRemote } from './hashRemote';

/** `unknown`: nobody can judge it, as without a manifest. */
export interface CopyVerification {
	entry: CatalogEntry;
	result: 'passed' | 'failed' | 'unknown';
	checks: CheckResult[];
}

/**
 * Reads a copy at a destination to its end and compares it with the manifest beside it.
 *
 * @throws BackupError what the destination throws, `cancelled`
 */
export async function verifyCopy(
	{
		destination,
		entry,
		onProgress,
	}: { destination: Destination; entry: CatalogEntry; onProgress?: OnProgress },
	signal: AbortSignal,
): Promise<CopyVerification> {
	const { component, name, manifest, state, problem } = entry;
	if (state === 'missing')
		return reportOf(entry, [{ check: 'artifact', result: 'failed', detail: problem! }]);
	if (!manifest) return reportOf(entry, [{ check: 'manifest', result: 'unknown', detail: problem! }]);
	let rawBytes = 0;
	const found = await hashRemote(destination, remoteName(component, name), signal, (bytes) => {
		rawBytes += bytes;
		onProgress?.({ step: `reading ${name}`, rawBytes, totalBytes: entry.storedBytes });
	});
	const checks: CheckResult[] = [
		compare('size', found.storedBytes, manifest.storedBytes),
		compare('sha256', found.sha256, manifest.sha256),
	];
	if (state !== 'good') {
		const result = state === 'unreadable' ? 'unknown' : 'failed';
		checks.unshift({ check: 'manifest', result, detail: problem! });
	}
	return reportOf(entry, checks);
}

function compare(check: string, found: number | string, expected: number | string): CheckResult {
	if (found === expected) return { check, result: 'passed', detail: `It is ${found}, as the manifest says.` };
	return { check, result: 'failed', detail: `It is ${found} where the manifest says ${expected}.` };
}

function reportOf(entry: CatalogEntry, checks: CheckResult[]): CopyVerification {
	const said = checks.map(({ result }) => result);
	const result = said.includes('failed') ? 'failed' : said.includes('unknown') ? 'unknown' : 'passed';
	return { entry, result, checks };
}
