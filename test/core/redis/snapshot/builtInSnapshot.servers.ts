import { rm } from 'node:fs/promises';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { builtInSnapshot } from '../../../../core/redis/snapshot/builtInSnapshot';
import { packageVersion } from '../../../../core/version';
import type { RedisServer } from '../../../../lab/servers/redis';
import {
	cleanUp,
	connectionTo,
	containing,
	digest,
	fill,
	folder,
	info,
	never,
	relayTo,
	snapshot,
	start,
	startOn,
	untilTrue,
} from '../support';

jest.setTimeout(60_000);
afterEach(cleanUp);

async function expectSameData(path: string, server: RedisServer): Promise<void> {
	expect(await digest(await startOn(path))).toBe(await digest(server));
}

describe('A snapshot over the replication protocol', () => {
	it('holds every key of every type and database', async () => {
		const server = await start();
		await fill(server);
		const { path, facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		await expectSameData(path, server);
		expect(facts).toEqual({
			source: { host: '127.0.0.1', port: server.port, serverVersion: await info(server, 'redis_version') },
			engine: { name: 'built-in', version: packageVersion },
			census: { kind: 'redis', keys: 283, rdbVersion: expect.any(Number) as unknown, checksum: 'verified' },
			warnings: [],
		});
	});

	it('holds nothing of an empty server', async () => {
		const { facts } = await snapshot(builtInSnapshot(connectionTo(await start())));
		expect(facts.census).toMatchObject({ keys: 0, checksum: 'verified' });
	});

	it('holds 200,000 keys', async () => {
		const server = await start();
		await server.cli('DEBUG', 'POPULATE', '200000', 'key', '100');
		const { path, facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		expect(facts.census).toMatchObject({ keys: 200_000 });
		await expectSameData(path, server);
	});

	it('says when the server writes no checksums', async () => {
		const server = await start({ config: { rdbchecksum: 'no' } });
		await fill(server);
		const { facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		expect(facts.census).toMatchObject({ keys: 283, checksum: 'absent' });
		expect(facts.warnings).toEqual([containing('The server wrote no checksum')]);
	});

	it('of a cluster’s node says that it is one of several', async () => {
		const server = await start({ config: { 'cluster-enabled': 'yes' } });
		const { facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		expect(facts.warnings).toEqual([containing('one node of a cluster')]);
	});
});

describe('Where the server cannot write to its disk', () => {
	/** With its directory gone, every save to disk fails. */
	const startWithoutDisk = async (config: Record<string, string> = {}) => {
		const dir = await folder();
		const server = await start({
			config: { 'repl-diskless-sync-delay': '0', 'enable-protected-configs': 'yes', ...config },
		});
		await server.cli('CONFIG', 'SET', 'dir', dir);
		await rm(dir, { recursive: true });
		await fill(server);
		return server;
	};
	const warning = 'The server cannot write RDB files to its own disk; the snapshot was sent without it';

	it('the snapshot comes without it', async () => {
		const server = await startWithoutDisk();
		const { path, facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		await expectSameData(path, server);
		expect(facts.warnings).toEqual([warning]);
	});

	it('and said so before, it is not tried again', async () => {
		const server = await startWithoutDisk({ save: '3600 1' });
		await server.cli('BGSAVE');
		await untilTrue(async () => (await info(server, 'rdb_last_bgsave_status')) === 'err');
		const saves = await info(server, 'rdb_saves');
		const { path, facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		await expectSameData(path, server);
		expect(facts.warnings).toEqual([warning]);
		expect(await info(server, 'rdb_saves')).toBe(saves);
	});

	it('and is not allowed to do without, the error says what to set', async () => {
		const server = await startWithoutDisk({ 'repl-diskless-sync': 'no' });
		await expect(snapshot(builtInSnapshot(connectionTo(server)))).rejects.toThrow(
			`Redis at 127.0.0.1:${server.port} could not make an RDB for the snapshot. ` +
				'Look into its log; if its disk is full or read-only, set repl-diskless-sync yes there, or free space.',
		);
	});
});

describe('Who may take a snapshot', () => {
	it('is whoever knows the password', async () => {
		const server = await start({ password: 'correct horse "battery"' });
		await server.cli('SET', 'a', '1');
		const { facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		expect(facts.census).toMatchObject({ keys: 1 });
		expect(JSON.stringify(facts)).not.toContain('horse');
	});

	it('is an ACL user with nothing but the replication commands', async () => {
		const server = await start({ users: ['backup on >secret -@all +sync +psync +replconf'] });
		await server.cli('SET', 'a', '1');
		const connection = { ...connectionTo(server), user: 'backup', password: 'secret' };
		const { facts } = await snapshot(builtInSnapshot(connection));
		expect(facts.census).toMatchObject({ keys: 1 });
	});

	it('is an ACL user that has no password', async () => {
		const users = ['backup on nopass -@all +sync +psync +replconf'];
		const server = await start({ users, password: 'of the default user' });
		const connection = { ...connectionTo(server), user: 'backup', password: undefined };
		const { facts } = await snapshot(builtInSnapshot(connection));
		expect(facts.census).toMatchObject({ keys: 0 });
	});

	it('is the user that was named, never the default one instead', async () => {
		const server = await start({ users: ['backup on nopass -@all'] });
		await expect(
			snapshot(builtInSnapshot({ ...connectionTo(server), user: 'backup' })),
		).rejects.toMatchObject({ code: 'not-permitted', message: containing('ACL SETUSER backup +sync') });
	});

	it('is nobody without the password', async () => {
		const server = await start({ password: 'secret' });
		const connection = { ...connectionTo(server), password: undefined };
		await expect(snapshot(builtInSnapshot(connection))).rejects.toMatchObject({
			code: 'auth',
			message: containing('asks for a password and the credential has none.'),
		});
	});

	it('is nobody with a wrong one, which no message repeats', async () => {
		const server = await start({ password: 'secret' });
		const connection = { ...connectionTo(server), password: 'hunter2' };
		const failure = await snapshot(builtInSnapshot(connection)).catch((error: Error) => error);
		expect(failure).toMatchObject({
			code: 'auth',
			message: `Redis at 127.0.0.1:${server.port} did not accept the user or the password. Correct user and password in the Redis credential.`,
		});
	});

	it('is nobody with a password that the server does not have', async () => {
		const connection = { ...connectionTo(await start()), password: 'any' };
		await expect(snapshot(builtInSnapshot(connection))).rejects.toThrow(
			'has no password, but the credential has one.',
		);
	});

	it('is no ACL user without the right, and the error names the rules', async () => {
		const server = await start({ users: ['backup on >secret -@all +info'] });
		const connection = { ...connectionTo(server), user: 'backup', password: 'secret' };
		await expect(snapshot(builtInSnapshot(connection))).rejects.toMatchObject({
			code: 'not-permitted',
			message: containing('ACL SETUSER backup +sync +psync +replconf'),
		});
	});

	it.each([
		['-sync', '+sync +psync +replconf'],
		['-psync -sync', '+sync +psync +replconf'],
		['-replconf', '+sync +psync +replconf'],
	])('is no ACL user with %s', async (without, rules) => {
		const server = await start({ users: [`backup on >secret ~* +@all ${without}`] });
		const connection = { ...connectionTo(server), user: 'backup', password: 'secret' };
		await expect(snapshot(builtInSnapshot(connection))).rejects.toMatchObject({
			code: 'not-permitted',
			message: containing(`ACL SETUSER backup ${rules}`),
		});
	});

	it('is whoever may SYNC, also where the server has no REPLCONF', async () => {
		const server = await start({ config: { 'rename-command': 'REPLCONF ""' } });
		const { facts } = await snapshot(builtInSnapshot(connectionTo(server)));
		expect(facts.census).toMatchObject({ keys: 0 });
	});

	it.each([
		['taken away', ''],
		['renamed', 'sync-of-the-administrator'],
	])('is nobody where SYNC is %s', async (_, name) => {
		const server = await start({ config: { 'rename-command': `SYNC "${name}"` } });
		await expect(snapshot(builtInSnapshot(connectionTo(server)))).rejects.toMatchObject({
			code: 'unsupported',
			message: containing('does not offer the command SYNC.'),
		});
	});
});

describe('Over TLS', () => {
	it('the certificate is checked against its authority', async () => {
		const server = await start({ tls: true, password: 'secret' });
		await server.cli('SET', 'a', '1');
		const connection = { ...connectionTo(server), tls: { verifyCertificate: true, ca: server.ca } };
		expect((await snapshot(builtInSnapshot(connection))).facts.census).toMatchObject({ keys: 1 });
	});

	it('an unknown authority is refused, unless nobody shall look', async () => {
		const server = await start({ tls: true });
		const checked = { ...connectionTo(server), tls: { verifyCertificate: true } };
		await expect(snapshot(builtInSnapshot(checked))).rejects.toThrow(
			/The TLS certificate of .* was not accepted/,
		);
		const unchecked = { ...connectionTo(server), tls: { verifyCertificate: false } };
		expect((await snapshot(builtInSnapshot(unchecked))).facts.census).toMatchObject({ keys: 0 });
	});

	const demanding = { 'tls-auth-clients': 'yes' };

	it.each([
		[
			'1.3',
			{},
			'auth',
			/asks for a client certificate\. n8n’s Redis credential has none: set tls-auth-clients/,
		],
		[
			'1.2',
			{ 'tls-protocols': '"TLSv1.2"' },
			'unreachable',
			/it may ask for a client certificate\. n8n’s Redis/,
		],
	])('%s, a server that asks for a client certificate says so', async (_, config, code, message) => {
		const server = await start({ tls: true, config: { ...demanding, ...config } });
		const failure = await snapshot(
			builtInSnapshot({ ...connectionTo(server), tls: { verifyCertificate: true, ca: server.ca } }),
		).catch((error: Error) => error);
		expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
		expect((failure as Error).message).not.toMatch(/SSL off/);
	});

	it('a client certificate is shown to a server that asks for one', async () => {
		const server = await start({ tls: true, config: demanding });
		const { ca, key } = server;
		const tls = { verifyCertificate: true, ca, certificate: ca, key };
		const { facts } = await snapshot(builtInSnapshot({ ...connectionTo(server), tls }));
		expect(facts.census).toMatchObject({ keys: 0 });
	});

	it('a host that does not answer at all is not blamed on it', async () => {
		const tls = { verifyCertificate: false };
		const nowhere = { host: '192.0.2.1', port: 6379, tls, connectTimeoutMs: 300 };
		await expect(snapshot(builtInSnapshot(nowhere))).rejects.not.toThrow(/SSL|TLS/);
	});

	it('a plain connection is told to switch it on', async () => {
		const server = await start({ tls: true });
		await expect(snapshot(builtInSnapshot(connectionTo(server)))).rejects.toThrow(
			'closed the connection before it answered. Switch SSL on in the Redis credential',
		);
	});

	it('a server without it is told to switch it off', async () => {
		const server = await start();
		const connection = { ...connectionTo(server), tls: { verifyCertificate: false }, connectTimeoutMs: 500 };
		await expect(snapshot(builtInSnapshot(connection))).rejects.toThrow(
			'did not answer in TLS. Switch SSL off in the Redis credential',
		);
	});
});

describe('A server from before Redis 7, which collects writes for whoever takes a snapshot,', () => {
	/** A server of today behind a relay that hides from it what those do not know. */
	const startOlder = async (config: Record<string, string>) => {
		const limit = { 'client-output-buffer-limit': 'replica 1mb 1mb 1', 'repl-backlog-size': '16kb' };
		const server = await start({ config: { ...limit, ...config } });
		await server.cli('DEBUG', 'POPULATE', '100000', 'key', '500');
		return { server, relay: await relayTo(server, (bytes) => bytes.replace('rdb-only', 'rdb-none')) };
	};
	const write = async (server: RedisServer) => {
		const megabyte = 'x'.repeat(1024 * 1024);
		for (let i = 0; i < 4; i++) await server.pipe(`SET written:${i} ${megabyte}\n`);
	};
	const message =
		/ended the transfer, though it runs and its disk is well: .* \(client-output-buffer-limit replica 1048576 1048576 1\)\. Raise that limit/;

	it('and ends the transfer at its limit before it begins: that is named, and it forks once', async () => {
		const { server, relay } = await startOlder({ 'rdb-key-save-delay': '100' });
		const opening = builtInSnapshot(relay)(never);
		opening.catch(() => {});
		await untilTrue(async () => (await info(server, 'rdb_bgsave_in_progress')) === '1');
		await write(server);
		await expect(opening).rejects.toMatchObject({
			code: 'server',
			message: expect.stringMatching(message) as unknown,
		});
		expect(await info(server, 'total_forks')).toBe('1');
	});

	it('and ends it in the middle: that is named', async () => {
		const { server, relay } = await startOlder({ rdbcompression: 'no' });
		const source = await builtInSnapshot(relay)(never);
		source.finished.catch(() => {});
		await once(source.stream, 'readable');
		await write(server);
		await untilTrue(async () => (await info(server, 'connected_slaves')) === '0');
		const reading = (async () => {
			for await (const chunk of source.stream) void chunk;
		})();
		await expect(reading).rejects.toThrow(message);
	});
});

describe('A server in no state for it', () => {
	it('that is loading says so', async () => {
		const slowly = { 'key-load-delay': '1000', 'loading-process-events-interval-bytes': '1024' };
		const server = await start({ config: slowly });
		await server.cli('DEBUG', 'POPULATE', '20000', 'key', '100');
		server.cli('DEBUG', 'RELOAD').catch(() => {});
		await untilTrue(async () => (await info(server, 'loading')) === '1');
		await expect(snapshot(builtInSnapshot(connectionTo(server)))).rejects.toThrow(
			`Redis at 127.0.0.1:${server.port} is still loading its data. Run it again once the server is ready.`,
		);
	});

	it('that is a replica without its master says so', async () => {
		const server = await start({ config: { replicaof: '127.0.0.1 1' } });
		await expect(snapshot(builtInSnapshot(connectionTo(server)))).rejects.toThrow(
			`Redis at 127.0.0.1:${server.port} is a replica that has lost its master. Use the master in the credential`,
		);
	});

	it('that nobody started is unreachable', async () => {
		const server = await start();
		await server.stop();
		await expect(snapshot(builtInSnapshot(connectionTo(server)))).rejects.toMatchObject({
			code: 'unreachable',
			message: containing(`Nothing answers at Redis at 127.0.0.1:${server.port}.`),
		});
	});

	it('that is something else than Redis is told apart', async () => {
		const { createServer } = await import('node:http');
		const web = createServer().listen(0, '127.0.0.1');
		await once(web, 'listening');
		const { port } = web.address() as { port: number };
		try {
			await expect(builtInSnapshot({ host: '127.0.0.1', port })(never)).rejects.toThrow(
				`What answers at 127.0.0.1:${port} is not Redis.`,
			);
		} finally {
			web.close();
		}
	});
});

describe('Half way', () => {
	/** Slow enough that something can happen in the middle, whatever the machine. */
	const startSlow = async () => {
		const server = await start({ config: { 'rdb-key-save-delay': '1000' } });
		await server.cli('DEBUG', 'POPULATE', '50000', 'key', '200');
		return server;
	};

	/** More than any buffer on the way takes. */
	const startLarge = async () => {
		const server = await start({ config: { rdbcompression: 'no' } });
		await server.cli('DEBUG', 'POPULATE', '200000', 'key', '500');
		return server;
	};

	it('a server that dies is an error, and the snapshot no success', async () => {
		const server = await startLarge();
		const source = await builtInSnapshot(connectionTo(server))(never);
		await once(source.stream, 'readable');
		await server.kill();
		const reading = (async () => {
			for await (const chunk of source.stream) void chunk;
		})();
		await expect(reading).rejects.toThrow(/broke off after \d+ bytes of its RDB/);
		await expect(source.finished).rejects.toThrow(/broke off after \d+ bytes of its RDB/);
	});

	it('cancelling while the server writes leaves no replica behind', async () => {
		const server = await startSlow();
		const cancel = new AbortController();
		const opening = builtInSnapshot(connectionTo(server))(cancel.signal);
		opening.catch(() => {});
		await untilTrue(async () => (await info(server, 'connected_slaves')) === '1');
		cancel.abort();
		await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
		await untilTrue(async () => (await info(server, 'connected_slaves')) === '0');
	});

	it('cancelling while the bytes come leaves no replica behind', async () => {
		const server = await startLarge();
		const cancel = new AbortController();
		const source = await builtInSnapshot(connectionTo(server))(cancel.signal);
		await once(source.stream, 'readable');
		cancel.abort();
		await expect(source.finished).rejects.toThrow();
		expect(source.stream.destroyed).toBe(true);
		await untilTrue(async () => (await info(server, 'connected_slaves')) === '0');
	});

	it('destroying the stream leaves no replica behind', async () => {
		const server = await startLarge();
		const source = await builtInSnapshot(connectionTo(server))(never);
		source.stream.on('error', () => {});
		source.stream.destroy();
		await expect(source.finished).rejects.toThrow();
		await untilTrue(async () => (await info(server, 'connected_slaves')) === '0');
	});

	it('a slow reader is waited for, and little piles up meanwhile', async () => {
		const server = await startLarge();
		const source = await builtInSnapshot(connectionTo(server), { idleTimeoutMs: 3_000 })(never);
		await once(source.stream, 'readable');
		// Longer than the idle time-out: that one is for the server's silence, not for ours.
		await wait(4_000);
		expect(source.stream.readableLength).toBeLessThanOrEqual(1024 * 1024);
		let bytes = 0;
		for await (const chunk of source.stream) bytes += (chunk as Buffer).length;
		expect(bytes).toBeGreaterThan(5_000_000);
		expect((await source.finished).census).toMatchObject({ keys: 200_000 });
	});
});
