import { describeServer, type RedisConnection } from '../redis/connection';
import { type RedisClient, withRedis } from '../redis/protocol/client';
import { ReplyError } from '../redis/protocol/resp';
import { replyError } from '../redis/redisError';
import { serverTime } from '../redis/restore/restoreMark';
import { readServerFacts } from '../redis/serverFacts';
import { builtInSnapshot } from '../redis/snapshot/builtInSnapshot';
import { plural } from '../units';
import { compareClocks } from './clock';
import { attempt, failed, type Finding, findingOf, passed, unknown } from './finding';
import { unencrypted, unverified } from './tls';

/** The checks, in the order in which they are reported. */
const checks = {
	server: 'Redis',
	tls: 'Redis: TLS',
	rights: 'Redis: rights',
	clock: 'Redis: clock',
} as const;

/** The least that a user needs for snapshots: replication, and INFO for the number of keys. */
const leastUser =
	'ACL SETUSER n8n_backup on >PASSWORD resetkeys resetchannels -@all +sync +psync +replconf +info';

/** A connection, or what finds one; undefined where none was chosen. */
export type ChosenRedis = RedisConnection | (() => Promise<RedisConnection>) | undefined;

/** Asks n8n's Redis. */
export async function checkRedis(chosen: ChosenRedis, signal: AbortSignal): Promise<Finding[]> {
	const further = Object.values(checks).slice(1);
	if (chosen === undefined)
		return Object.values(checks).map((check) => unknown(check, 'No server was chosen.'));
	try {
		const connection = typeof chosen === 'function' ? await chosen() : chosen;
		return await withRedis(connection, { signal }, async (client) => [
			await attempt(checks.server, async () => await checkServer(client)),
			checkTls(connection),
			await attempt(checks.rights, async () => await checkRights(client, connection, signal)),
			await attempt(checks.clock, async () => await checkClock(client)),
		]);
	} catch (error) {
		const reason = 'The server could not be asked.';
		return [findingOf(checks.server, error), ...further.map((check) => unknown(check, reason))];
	}
}

async function checkServer(client: RedisClient): Promise<Finding> {
	const { connection } = client;
	const answer = await client.ask('PING');
	// A user for snapshots alone need not be allowed to do anything else.
	if (answer instanceof ReplyError && answer.kind !== 'NOPERM') throw replyError(answer, connection, 'PING');
	const { info, version, keys, cluster } = await readServerFacts(client);
	const server = describeServer(connection);
	if (info.get('redis_mode') === 'sentinel') {
		return failed(
			checks.server,
			`${server} is a Sentinel, which holds no data.`,
			'Use the server that it watches.',
		);
	}
	if (cluster) {
		const advice = 'Back up each of its masters by itself.';
		return failed(checks.server, `${server} is one of a cluster, and holds a part of the data.`, advice);
	}
	if (version === undefined) return passed(checks.server, `${server} answers; INFO is not permitted.`);
	const holds = keys === undefined ? '' : ` and holds ${plural(keys, 'key')}`;
	return passed(checks.server, `${server} is version ${version}${holds}.`);
}

function checkTls({ tls }: RedisConnection): Finding {
	if (!tls) return unencrypted(checks.tls);
	if (tls.verifyCertificate)
		return passed(checks.tls, 'The connection is encrypted, and the certificate was verified.');
	return unverified(checks.tls);
}

/** By the server's own word where it gives one; else by asking for a snapshot, and not waiting for it. */
async function checkRights(
	client: RedisClient,
	connection: RedisConnection,
	signal: AbortSignal,
): Promise<Finding> {
	const user = connection.user === undefined || connection.user === '' ? 'default' : connection.user;
	const simulated = await simulate(client, user);
	if (simulated !== undefined) {
		if (simulated.length === 0) {
			const advice = user === 'default' ? `A user that may do nothing else is enough: ${leastUser}` : '';
			return passed(checks.rights, `${user} may take snapshots, as ACL DRYRUN says.`, advice);
		}
		const rules = simulated.map((name) => `+${name.toLowerCase()}`).join(' ');
		const found = `${user} may not run ${simulated.join(', ')}.`;
		return failed(checks.rights, found, `As an administrator: ACL SETUSER ${user} ${rules}`);
	}
	const { stream, finished } = await builtInSnapshot(connection)(signal);
	finished.catch(() => {});
	stream.on('error', () => {}).destroy();
	return passed(checks.rights, `${user} may take snapshots: the server began to send one.`);
}

/** What the built-in engine runs. */
const commands: Array<[string, ...string[]]> = [['SYNC'], ['REPLCONF', 'rdb-only', '1']];

/** Commands that the user may not run; undefined where the server does not say (before Redis 7, or ACL is not permitted). */
async function simulate(client: RedisClient, user: string): Promise<string[] | undefined> {
	const refused: string[] = [];
	for (const command of commands) {
		const reply = await client.ask('ACL', 'DRYRUN', user, ...command);
		if (typeof reply !== 'string') return undefined;
		if (reply !== 'OK') refused.push(command[0]);
	}
	return refused;
}

async function checkClock(client: RedisClient): Promise<Finding> {
	const seconds = await serverTime(client);
	if (seconds === undefined) return unknown(checks.clock, 'TIME is not permitted.');
	return compareClocks(checks.clock, seconds * 1000);
}
