import type { Manifest } from '../../artifact';
import type { CheckResult } from '../../artifact/checks';
import { checkChecksum } from '../../artifact/checksum';
import type { FoundKey } from '../../n8n/encryptionKeys';
import { compareCensus, describeDifferences } from '../compareCensus';
import type { Queries } from '../queries';
import type { Loaded } from '../restore/loadDump';
import { checkCredentials } from './credentialCheck';
import { checkN8n } from './n8nView';

/** The part of a manifest that a drill compares with. */
export type Expected = Pick<Manifest, 'census' | 'sha256'>;

/**
 * What can be said of a dump that has just been restored, wherever that was.
 *
 * @param expected undefined without a manifest
 * @param keys encryption keys of other backups, from the first each time
 */
export async function checkRestored(
	queries: Queries,
	loaded: Loaded,
	expected: Expected | undefined,
	keys: () => AsyncIterable<FoundKey>,
): Promise<CheckResult[]> {
	return [
		checkRestore(loaded),
		checkChecksum(loaded, expected),
		await checkRows(queries, loaded, expected),
		...(await checkN8n(queries)),
		...(await checkCredentials(queries, keys)),
	];
}

function checkRestore({ rawBytes, rows, warnings }: Loaded): CheckResult {
	const tables = Object.keys(rows).length;
	const detail = [`${rawBytes} bytes of SQL with rows of ${tables} tables were restored.`, ...warnings].join(
		' ',
	);
	return { check: 'restore', result: 'passed', detail };
}

async function checkRows(
	queries: Queries,
	loaded: Loaded,
	expected: Expected | undefined,
): Promise<CheckResult> {
	const check = 'rows';
	if (expected?.census.kind !== 'postgres') return nothingToCompare(check);
	const comparison = await compareCensus(queries, expected.census, {
		taken: loaded.rows,
		leftOut: loaded.leftOutTables,
	});
	const differences = describeDifferences(comparison);
	if (differences !== undefined) return { check, result: 'failed', detail: `${differences}.` };
	const detail = `All ${comparison.tables} tables have the ${comparison.rows} rows that were backed up.`;
	return { check, result: 'passed', detail };
}

function nothingToCompare(check: string): CheckResult {
	return { check, result: 'unknown', detail: 'Without a manifest there is nothing to compare with.' };
}
