import { createReadStream } from 'node:fs';
import type { RedisConnection } from '../../../core/redis/connection';
import { restoreRdb, type RestoreRequest } from '../../../core/redis/restore/restoreRdb';
import { builtInSnapshot } from '../../../core/redis/snapshot/builtInSnapshot';
import { fewAtATime } from '../../../lab/fewAtATime';
import { freePort } from '../../../lab/servers/freePort';
import type { RedisServer } from '../../../lab/servers/redis';
import { startStallingProxy, type Trouble } from '../postgres/support/stallingProxy';
import { cleanUp, connectionTo, digest, fill, info, never, snapshot, start } from './support';

jest.setTimeout(300_000);
afterEach(cleanUp);

const idleTimeoutMs = 700;

/** Runs against the server through a proxy, and says how many bytes the server sent over each connection. */
async function through<Result>(
	server: RedisServer,
	troubleOf: (connection: number) => Trouble | undefined,
	work: (connection: RedisConnection) => Promise<Result>,
): Promise<{ outcome: PromiseSettledResult<Result>; received: number[]; address: string }> {
	const proxy = await startStallingProxy(server, troubleOf);
	const connection = { ...connectionTo(server), port: proxy.port, connectTimeoutMs: 1_500 };
	const [outcome] = await Promise.allSettled([work(connection)]);
	await proxy.close();
	return { outcome, received: proxy.received(), address: `Redis at 127.0.0.1:${proxy.port}` };
}

/** Where each connection is to fall silent: before it says anything, behind AUTH, and further on. */
function places(received: number[]): Array<{ connection: number; stallAt: number }> {
	return received.flatMap((bytes, connection) =>
		[0, '+OK\r\n'.length, bytes * 0.02, bytes * Math.random(), bytes * 0.97]
			.map((place) => ({ connection, stallAt: Math.floor(place) }))
			.filter(({ stallAt }) => stallAt < bytes),
	);
}

/** Messages with what differs from run to run taken out. */
function plain(outcome: PromiseSettledResult<unknown>, address: string): string {
	if (outcome.status === 'fulfilled') return 'It went well.';
	const { message } = outcome.reason as Error;
	return message.replaceAll(address, 'SERVER').replace(/after \d+ bytes/, 'after N bytes');
}

const noAnswer =
	'SERVER did not answer in time. Check the address and the firewalls between n8n and that server.';
const cutOff =
	'SERVER has been silent for 0.7 seconds after N bytes of its RDB. Check the network between n8n and that server, and its ' +
	'log, then run it again.';

test('a snapshot is given up wherever the server falls silent, from AUTH to the last byte of the RDB', async () => {
	const server = await start({ password: 'secret' });
	await fill(server);
	const take = async (connection: RedisConnection) =>
		await snapshot(builtInSnapshot(connection, { idleTimeoutMs }));
	const whole = await through(server, () => undefined, take);
	expect(whole.outcome.status).toBe('fulfilled');
	const said = await fewAtATime(places(whole.received), async ({ connection, stallAt }) => {
		// A server of its own: one of them makes the others' snapshots wait.
		const silent = await start({ password: 'secret' });
		await fill(silent);
		const { outcome, address } = await through(
			silent,
			(number) => (number === connection ? { stallAt } : undefined),
			take,
		);
		return plain(outcome, address);
	});
	expect(said).toHaveLength(5);
	expect(said.slice(0, 2)).toEqual([noAnswer, noAnswer]);
	expect(said.at(-1)).toBe(cutOff);
	for (const message of said) expect([noAnswer, cutOff]).toContain(message);
});

test('a snapshot is given up when the server begins no transfer', async () => {
	const server = await start();
	await fill(server);
	// Nothing that is asked before SYNC is that long.
	await server.cli('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
	const asked: number[] = [];
	const take = async (connection: RedisConnection) =>
		await snapshot(builtInSnapshot(connection, { idleTimeoutMs }));
	await through(
		server,
		() => ({
			alter: (chunk, offset) => void (chunk.includes('$') && chunk.includes('REDIS00') && asked.push(offset)),
		}),
		take,
	);
	const { outcome, address } = await through(server, () => ({ stallAt: asked[0] }), take);
	expect(plain(outcome, address)).toBe(noAnswer);
});

describe('a restore', () => {
	const safetySnapshot = '/backups/redis/safety_20261123_020000.rdb';
	let path: string;
	let expected: string;
	let target: RedisServer;
	beforeEach(async () => {
		const source = await start();
		await fill(source);
		({ path } = await snapshot(builtInSnapshot(connectionTo(source))));
		expected = await digest(source);
		target = await startTarget();
	});

	const startTarget = async () => {
		const server = await start({ password: 'secret' });
		await server.cli('MSET', 'old:1', 'a', 'old:2', 'b', 'old:3', 'c');
		return server;
	};

	const load = async (connection: RedisConnection, more: Partial<RestoreRequest> = {}) =>
		await restoreRdb(
			connection,
			{
				openRdb: () => createReadStream(path),
				takeSafetySnapshot: () => Promise.resolve(safetySnapshot),
				idleTimeoutMs,
				comeTimeoutMs: 5_000,
				...more,
			},
			never,
		);

	const expectWorking = async (server: RedisServer) => {
		await load(connectionTo(server), { idleTimeoutMs: 60_000 });
		expect(await info(server, 'role')).toBe('master');
		expect(await digest(server)).toBe(expected);
	};

	/** What it held may have been replaced by then. */
	const leftBehind =
		/ (?:SERVER now holds \d+ keys and held \d+ before|What SERVER holds now is not known; before, it held \d+ keys)\. (?:Check the address and the firewalls between n8n and that server\. |Look into that server’s log for what it is doing\. |As soon as it can be reached, run n8n-backup release redis, or REPLICAOF NO ONE there; until then it refuses writes\. )?What it held before is in the safety snapshot \/backups\/redis\/safety_20261123_020000\.rdb: restore that one the same way to get it back\.$/;

	test('is given up wherever the server falls silent while it is told what to do', async () => {
		const whole = await through(target, () => undefined, load);
		expect(whole.outcome.status).toBe('fulfilled');
		// The one that ends the replication has a test of its own.
		const tried = places(whole.received).filter(({ connection }) => connection !== 2);
		await fewAtATime(tried, async ({ connection, stallAt }) => {
			const server = await startTarget();
			const { outcome, address } = await through(
				server,
				(number) => (number === connection ? { stallAt } : undefined),
				load,
			);
			const message = plain(outcome, address);
			if (message !== 'It went well.' && message !== noAnswer) {
				expect({ connection, stallAt, message }).toMatchObject({
					message: expect.stringMatching(leftBehind) as string,
				});
				expect(message.replace(leftBehind, '')).toBe('SERVER did not answer in time.');
			}
			await expectWorking(server);
		});
	});

	test('makes the server a master again over another connection when that one falls silent', async () => {
		const { outcome, received } = await through(
			target,
			(number) => (number === 2 ? { stallAt: '+OK\r\n'.length } : undefined),
			load,
		);
		expect(outcome).toMatchObject({ status: 'fulfilled' });
		expect(received.length).toBe(4);
		await expectWorking(target);
	});

	test('is given up wherever the replication to the server falls silent', async () => {
		const replicate = async (server: RedisServer, troubleOf: (connection: number) => Trouble | undefined) => {
			const port = await freePort();
			const proxy = await startStallingProxy({ port }, troubleOf, { host: '127.0.0.2', port });
			const [outcome] = await Promise.allSettled([
				load(connectionTo(server), {
					listenHost: '127.0.0.1',
					listenPort: port,
					announceHost: '127.0.0.2',
					idleTimeoutMs: 3_000,
				}),
			]);
			await proxy.close();
			return { outcome, received: proxy.received() };
		};
		const whole = await replicate(target, () => undefined);
		expect(whole.outcome.status).toBe('fulfilled');
		const stalls = [
			0,
			'+PONG\r\n'.length,
			40,
			...[0.1, Math.random(), 0.97].map((part) => part * whole.received[0]!),
		].map(Math.floor);
		const said = await fewAtATime(stalls, async (stallAt) => {
			const server = await startTarget();
			const { outcome } = await replicate(server, (number) => (number === 0 ? { stallAt } : undefined));
			const message = plain(outcome, `Redis at 127.0.0.1:${server.port}`);
			expect(message).toMatch(leftBehind);
			expect(await info(server, 'role')).toBe('master');
			await expectWorking(server);
			return message.replace(leftBehind, '');
		});
		const idle = 'SERVER showed no progress for 3 seconds.';
		// In the midst of a line of the handshake, Redis itself waits for its rest for 5 seconds, and answers nobody.
		const deaf = 'SERVER did not answer in time.';
		expect(said).toEqual(stalls.map((_, number) => (number === 2 ? deaf : idle)));
	});
});
