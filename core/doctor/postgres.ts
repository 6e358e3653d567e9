import { TLSSocket } from 'node:tls';
import type pg from 'pg';
import type { FoundKey } from '../n8n/encryptionKeys';
import { withClient } from '../postgres/connect/client';
import { describeServer, hasTunnel, type PostgresConnection } from '../postgres/connect/connection';
import { checkCredentials } from '../postgres/drill/credentialCheck';
import { readHistory } from '../postgres/n8nHistory';
import { findN8nTables } from '../postgres/n8nTables';
import { plural } from '../units';
import { compareClocks } from './clock';
import { attempt, failed, type Finding, findingOf, passed, unknown } from './finding';
import type { PlacedKey } from './key';
import { checkPostgresRights } from './postgresRights';
import { unencrypted, unverified } from './tls';

/** The checks, in the order in which they are reported. */
const checks = {
	server: 'PostgreSQL',
	tls: 'PostgreSQL: TLS',
	rights: 'PostgreSQL: rights',
	n8n: 'PostgreSQL: n8n',
	key: 'PostgreSQL: key fits',
	clock: 'PostgreSQL: clock',
} as const;

/** The newest server that the pg_dump which comes along knows. */
const newestMajor = 18;

/** A connection, or what finds one; undefined where none was chosen. */
export type ChosenPostgres = PostgresConnection | (() => Promise<PostgresConnection>) | undefined;

/**
 * Asks n8n's database.
 *
 * @param keys that are backed up with it
 */
export async function checkPostgres(
	chosen: ChosenPostgres,
	keys: readonly PlacedKey[],
	signal: AbortSignal,
): Promise<Finding[]> {
	const further = Object.values(checks).slice(1);
	if (chosen === undefined)
		return Object.values(checks).map((check) => unknown(check, 'No server was chosen.'));
	try {
		const connection = typeof chosen === 'function' ? await chosen() : chosen;
		return await withClient(connection, {}, signal, async (client) => [
			await attempt(checks.server, async () => await checkServer(client, connection)),
			checkTls(client, connection),
			await attempt(checks.rights, async () => await checkPostgresRights(checks.rights, client)),
			await attempt(checks.n8n, async () => await checkN8n(client, connection)),
			await attempt(checks.key, async () => await checkKeyFits(client, keys)),
			await attempt(checks.clock, async () => await checkClock(client)),
		]);
	} catch (error) {
		const reason = 'The server could not be asked.';
		return [findingOf(checks.server, error), ...further.map((check) => unknown(check, reason))];
	}
}

async function checkServer(client: pg.Client, connection: PostgresConnection): Promise<Finding> {
	const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
	const version = rows[0]!.server_version;
	const found = `${describeServer(connection)} is PostgreSQL ${version}.`;
	if (Number.parseInt(version, 10) <= newestMajor) return passed(checks.server, found);
	const advice = `Use the engine docker: the pg_dump that comes along knows servers up to ${newestMajor}.`;
	return failed(checks.server, found, advice);
}

function checkTls(client: pg.Client, connection: PostgresConnection): Finding {
	if (hasTunnel(connection)) return passed(checks.tls, 'The connection goes through an SSH tunnel.');
	if (client.connection.stream instanceof TLSSocket) {
		const { verifyCertificate } = connection.tls;
		if (verifyCertificate)
			return passed(checks.tls, 'The connection is encrypted, and the certificate was verified.');
		return unverified(checks.tls);
	}
	return unencrypted(checks.tls);
}

async function checkN8n(client: pg.Client, { database }: PostgresConnection): Promise<Finding> {
	const found = await findN8nTables(client);
	if (found.length === 0) {
		const what = `“${database}” holds no tables of n8n’s.`;
		return failed(checks.n8n, what, 'Choose the credential of n8n’s own database.');
	}
	const history = await readHistory(client);
	const how = history
		? `, migrated up to ${history.lastMigration}${history.version ? ` by n8n ${history.version}` : ''}`
		: '';
	const several = found.length > 1 ? `, those of ${plural(found.length, 'n8n', 'n8n')}` : '';
	return passed(checks.n8n, `“${database}” holds n8n’s tables${several}${how}.`);
}

async function checkKeyFits(client: pg.Client, keys: readonly PlacedKey[]): Promise<Finding> {
	const found = await checkCredentials(client, () => placed(keys));
	const [first] = found;
	if (!first) return unknown(checks.key, 'There are no credentials of n8n’s in it.');
	const result = found.find((one) => one.result === 'failed') ?? first;
	const advice = {
		passed: '',
		failed:
			'Find the key that this n8n uses (N8N_ENCRYPTION_KEY, or config in its data folder), and back that up.',
		unknown: keys.length === 0 ? 'Back up n8n’s data folder or its .env.' : '',
	};
	return { check: checks.key, result: result.result, found: result.detail, whatToDo: advice[result.result] };
}

async function* placed(keys: readonly PlacedKey[]): AsyncGenerator<FoundKey> {
	for (const { place, key } of keys) yield await Promise.resolve({ key, artifact: place });
}

async function checkClock(client: pg.Client): Promise<Finding> {
	const { rows } = await client.query<{ now: string }>(
		'SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::text AS now',
	);
	return compareClocks(checks.clock, Number(rows[0]!.now));
}
