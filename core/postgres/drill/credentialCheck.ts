import type { CheckResult } from '../../artifact/checks';
import type { StoredDataKey } from '../../n8n/credentialData';
import type { FoundKey } from '../../n8n/encryptionKeys';
import { judgeCredentials, sampleSize } from '../../n8n/judgeCredentials';
import type { TextQueries } from '../queries';
import { findN8nTables, isThere, type N8nTables, nameFor, tableName } from '../n8nTables';

const check = 'credential';

/**
 * Checks that a database and its key were saved together: takes credentials out of a restored n8n database and
 * decrypts them with the keys that were found in other backups, one after the other. Each n8n in the database is judged
 * for itself, and named where there are several.
 *
 * @param keys begins with the first key each time
 * @returns no check when the database is not n8n's
 */
export async function checkCredentials(
	queries: TextQueries,
	keys: () => AsyncIterable<FoundKey>,
): Promise<CheckResult[]> {
	const found = await findN8nTables(queries);
	const checks: CheckResult[] = [];
	for (const tables of found) {
		const { result, detail } = await checkOne(queries, tables, keys());
		checks.push({ check: nameFor(check, tables, found), result, detail });
	}
	return checks;
}

async function checkOne(
	queries: TextQueries,
	tables: N8nTables,
	keys: AsyncIterable<FoundKey>,
): Promise<Pick<CheckResult, 'result' | 'detail'>> {
	const credentials = await readCredentials(queries, tables);
	const storedKeys = credentials.length === 0 ? [] : await readStoredKeys(queries, tables);
	return await judgeCredentials({ credentials, storedKeys }, keys);
}

async function readCredentials(queries: TextQueries, tables: N8nTables): Promise<string[]> {
	const result = await queries.query<{ data: string }>(
		`SELECT data FROM ${tableName(tables, 'credentials_entity')} WHERE data <> ''
		ORDER BY "updatedAt" DESC LIMIT ${sampleSize}`,
	);
	return result.rows.map(({ data }) => data);
}

async function readStoredKeys(queries: TextQueries, tables: N8nTables): Promise<StoredDataKey[]> {
	const table = tableName(tables, 'deployment_key');
	if (!(await isThere(queries, table))) return [];
	const result = await queries.query<StoredDataKey>(
		`SELECT id::text, value, algorithm FROM ${table} WHERE type = 'data_encryption'`,
	);
	return result.rows;
}
