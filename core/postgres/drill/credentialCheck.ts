import type pg from 'pg';
import type { CheckResult } from '../../artifact/checks';
import { canDecryptCredential, type StoredDataKey } from '../../n8n/credentialData';
import type { FoundKey } from '../../n8n/encryptionKeys';
import { quoteIdentifier } from '../sql';

const check = 'credential';

/** Credentials that are looked at, the last changed first. */
const sampleSize = 10;

/** Where n8n's tables are: it can be told to use another schema and to put a prefix before every name. */
interface N8nTables {
	schema: string;
	prefix: string;
}

/**
 * Checks that a database and its key were saved together: takes credentials out of a restored n8n database and
 * decrypts them with the keys that were found in other backups, one after the other. Each n8n in the database is judged
 * for itself, and named where there are several.
 *
 * @param keys begins with the first key each time
 * @returns no check when the database is not n8n's
 */
export async function checkCredentials(
	client: pg.Client,
	keys: () => AsyncIterable<FoundKey>,
): Promise<CheckResult[]> {
	const found = await findN8nTables(client);
	const checks: CheckResult[] = [];
	for (const tables of found) {
		const { result, detail } = await checkOne(client, tables, keys());
		const name = found.length > 1 ? `${check} of ${tables.schema}.${tables.prefix}*` : check;
		checks.push({ check: name, result, detail });
	}
	return checks;
}

async function checkOne(
	client: pg.Client,
	tables: N8nTables,
	keys: AsyncIterable<FoundKey>,
): Promise<Pick<CheckResult, 'result' | 'detail'>> {
	const credentials = await readCredentials(client, tables);
	if (credentials.length === 0) {
		return { result: 'unknown', detail: 'n8n has no credentials stored that could be decrypted.' };
	}
	const storedKeys = await readStoredKeys(client, tables);
	const tried: string[] = [];
	for await (const { key, artifact } of keys) {
		const readable = credentials.filter((data) => canDecryptCredential(data, key, storedKeys)).length;
		if (readable > 0) {
			const detail = `${readable} of ${credentials.length} stored credentials were decrypted with the key in ${artifact}.`;
			return { result: 'passed', detail };
		}
		tried.push(artifact);
	}
	return { result: 'failed', detail: explainFailure(tried) };
}

function explainFailure(tried: string[]): string {
	const consequence = 'without the right key every credential in this backup is lost';
	if (tried.length === 0) {
		return `No n8n or env backup holds an encryption key: ${consequence}. Back up n8n’s data folder or its .env.`;
	}
	return `No stored credential could be decrypted with the key in ${tried.join(' or ')}: ${consequence}.`;
}

/** Every n8n of the database, in the order of their names. */
async function findN8nTables(client: pg.Client): Promise<N8nTables[]> {
	const found = await client.query<N8nTables>(
		`SELECT nspname AS schema, pg_catalog.regexp_replace(relname, 'credentials_entity$', '') AS prefix
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
		WHERE relname LIKE '%credentials\\_entity' AND relkind = 'r' AND 3 = (
			SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute
			WHERE attrelid = c.oid AND attname IN ('data', 'type', 'updatedAt') AND NOT attisdropped
		)
		ORDER BY nspname, relname`,
	);
	return found.rows;
}

async function readCredentials(client: pg.Client, tables: N8nTables): Promise<string[]> {
	const result = await client.query<{ data: string }>(
		`SELECT data FROM ${tableName(tables, 'credentials_entity')} WHERE data <> ''
		ORDER BY "updatedAt" DESC LIMIT ${sampleSize}`,
	);
	return result.rows.map(({ data }) => data);
}

async function readStoredKeys(client: pg.Client, tables: N8nTables): Promise<StoredDataKey[]> {
	const table = tableName(tables, 'deployment_key');
	const exists = await client.query('SELECT 1 WHERE pg_catalog.to_regclass($1) IS NOT NULL', [table]);
	if (exists.rows.length === 0) return [];
	const result = await client.query<StoredDataKey>(
		`SELECT id::text, value, algorithm FROM ${table} WHERE type = 'data_encryption'`,
	);
	return result.rows;
}

function tableName({ schema, prefix }: N8nTables, name: string): string {
	return `${quoteIdentifier(schema)}.${quoteIdentifier(`${prefix}${name}`)}`;
}
