import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { builtInSnapshot } from '../../../../core/redis/snapshot/builtInSnapshot';
import { localSnapshot } from '../../../../core/redis/snapshot/localSnapshot';
import { readFollowing } from '../../../../core/redis/restore/crashedRestore';
import { setMark } from '../../../../core/redis/restore/restoreMark';
import { restoreRdb } from '../../../../core/redis/restore/restoreRdb';
import { withRedis } from '../../../../core/redis/protocol/client';
import { root } from '../../../../scripts/lib/paths.ts';
import { join } from 'node:path';
import type { RedisServer } from '../../../../lab/servers/redis';
import { cleanUp, connectionTo, digest, fill, info, never, snapshot, start, untilTrue } from '../support';

jest.setTimeout(60_000);

const restorers: ChildProcess[] = [];
afterEach(async () => {
	restorers.splice(0).forEach((child) => child.kill('SIGKILL'));
	await cleanUp();
});

const slowly = { 'key-load-delay': '5000', 'loading-process-events-interval-bytes': '1024' };

/** A restore in a process of its own, which can crash. `stalls`: it sends the first bytes and no more. */
function startRestore(target: RedisServer, path: string, { stalls = false } = {}): ChildProcess {
	const program = `
		const { restoreRdb } = require(${JSON.stringify(join(root, 'dist/core/redis/restore/restoreRdb.js'))});
		const { createReadStream } = require('node:fs');
		const { Readable } = require('node:stream');
		const [, host, port, path, stalls] = process.argv;
		let opened = 0;
		const stalling = () => {
			const stream = new Readable({ read() {} });
			stream.push('REDIS0010');
			return stream;
		};
		const openRdb = () => (opened++ > 0 && stalls ? stalling() : createReadStream(path));
		restoreRdb({ host, port: Number(port) }, { openRdb, comeTimeoutMs: 1000 }, new AbortController().signal);`;
	const args = [target.host, String(target.port), path, ...(stalls ? ['stalls'] : [])];
	const child = spawn(process.execPath, ['-e', program, ...args], { stdio: 'inherit' });
	restorers.push(child);
	return child;
}

async function crash(child: ChildProcess): Promise<void> {
	const ended = once(child, 'exit');
	child.kill('SIGKILL');
	await ended;
}

async function fullSnapshot() {
	const server = await start();
	await fill(server);
	const { path } = await snapshot(builtInSnapshot(connectionTo(server)));
	return { path, digest: await digest(server) };
}

/** A server that still has its own three keys, and is a replica of a restore that is gone. */
async function crashWhileSending() {
	const source = await fullSnapshot();
	const target = await start();
	await target.cli('MSET', 'old:1', 'a', 'old:2', 'b', 'old:3', 'c');
	const before = await digest(target);
	const restoring = startRestore(target, source.path, { stalls: true });
	await untilTrue(async () => (await info(target, 'master_sync_in_progress')) === '1');
	await crash(restoring);
	await untilTrue(async () => (await follows(target)) === 'left-behind');
	return { source, target, before };
}

const follows = async (target: RedisServer) =>
	(await withRedis(connectionTo(target), { signal: never }, readFollowing)).state;

const expectMaster = async (target: RedisServer) => {
	expect(await info(target, 'role')).toBe('master');
	expect(await target.cli('KEYS', 'n8n-nodes-backup*')).toBe('');
};

const released = expect.stringMatching(
	/^Redis at .* was left a replica by a restore( of \S+Z)? that crashed, and was made a master again/,
) as unknown;

describe('A server that a crashed restore has left a replica', () => {
	it.each([
		['built-in', builtInSnapshot],
		['local', localSnapshot],
	])('is released by the next snapshot (%s), which holds what it had', async (_, takeSnapshot) => {
		const { target, before } = await crashWhileSending();
		expect(await info(target, 'role')).toBe('slave');
		const { facts } = await snapshot(takeSnapshot(connectionTo(target)));
		expect(facts).toMatchObject({ census: { keys: 3 }, warnings: [released] });
		await expectMaster(target);
		expect(await digest(target)).toBe(before);
	});

	it('is released by the next restore, which then takes place', async () => {
		const { source, target } = await crashWhileSending();
		const openRdb = () => createReadStream(source.path);
		const result = await restoreRdb(connectionTo(target), { openRdb, takeSafetySnapshot: undefined }, never);
		expect(result).toMatchObject({ keys: 283, keysBefore: 3, warnings: [released] });
		await expectMaster(target);
		expect(await digest(target)).toBe(source.digest);
	});

	it('is found also when it has loaded the data meanwhile, which took its mark away', async () => {
		const source = await fullSnapshot();
		const target = await start({ config: slowly });
		const restoring = startRestore(target, source.path);
		await untilTrue(async () => (await info(target, 'loading')) === '1');
		await crash(restoring);
		await untilTrue(async () => (await follows(target)) === 'left-behind');
		expect(await digest(target)).toBe(source.digest);
		const { facts } = await snapshot(builtInSnapshot(connectionTo(target)));
		expect(facts).toMatchObject({ census: { keys: 283 }, warnings: [released] });
		await expectMaster(target);
	});

	it('cannot be released by a user who may not, and the error says what to run', async () => {
		const { target } = await crashWhileSending();
		await target.cli('ACL', 'SETUSER', 'backup', 'on', 'nopass', '~*', '+@all', '-replicaof');
		const connection = { ...connectionTo(target), user: 'backup' };
		await expect(snapshot(builtInSnapshot(connection))).rejects.toMatchObject({
			code: 'not-permitted',
			message: expect.stringMatching(
				/was left a replica by a restore that crashed, and could not be made a master again: .* Run REPLICAOF NO ONE there/,
			) as unknown,
		});
	});
});

describe('A server is left alone', () => {
	it('while its restore goes on', async () => {
		const source = await fullSnapshot();
		const target = await start({ config: slowly });
		const restoring = startRestore(target, source.path);
		const ended = once(restoring, 'exit');
		const seen = new Set<string>();
		await untilTrue(async () => (await info(target, 'role')) === 'slave');
		while ((await info(target, 'role')) === 'slave') seen.add(await follows(target));
		seen.delete('master');
		expect([...seen]).toEqual(['replica']);
		expect(await ended).toEqual([0, null]);
		expect(await digest(target)).toBe(source.digest);
	});

	it('while its restore sends nothing for longer than it had to come', async () => {
		const source = await fullSnapshot();
		const target = await start();
		startRestore(target, source.path, { stalls: true });
		await untilTrue(async () => (await info(target, 'master_sync_in_progress')) === '1');
		// A second to come, rounded up, and one for good measure.
		await wait(3_500);
		expect(await follows(target)).toBe('replica');
	});

	it('while its restore may still be waited for', async () => {
		const target = await start();
		await withRedis(connectionTo(target), { signal: never }, async (client) => {
			await setMark(client, ['127.0.0.1', '1'], 60_000);
			await client.command('REPLICAOF', '127.0.0.1', '1');
		});
		expect(await follows(target)).toBe('replica');
	});

	it('that follows somebody else who does not answer', async () => {
		const target = await start({ config: { replicaof: '127.0.0.1 1' } });
		expect(await follows(target)).toBe('replica');
		await expect(snapshot(builtInSnapshot(connectionTo(target)))).rejects.toThrow('has lost its master');
		expect(await info(target, 'role')).toBe('slave');
	});

	it('that was made somebody else’s replica after the crash', async () => {
		const { target } = await crashWhileSending();
		await target.cli('REPLICAOF', '127.0.0.1', '1');
		expect(await follows(target)).toBe('replica');
	});
});

test('A restore that is refused or fails leaves no mark', async () => {
	const source = await fullSnapshot();
	const target = await start({ users: ['backup on nopass ~* +@all -replicaof'] });
	const openRdb = () => createReadStream(source.path);
	const connection = { ...connectionTo(target), user: 'backup' };
	await expect(restoreRdb(connection, { openRdb, takeSafetySnapshot: undefined }, never)).rejects.toThrow(
		'does not permit its user backup to run REPLICAOF',
	);
	await expectMaster(target);
	const nowhere = { announceHost: '127.0.0.2', comeTimeoutMs: 500 };
	await expect(
		restoreRdb(connectionTo(target), { openRdb, takeSafetySnapshot: undefined, ...nowhere }, never),
	).rejects.toMatchObject({ code: 'unreachable' });
	await expectMaster(target);
});
