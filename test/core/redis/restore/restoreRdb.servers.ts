import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { builtInSnapshot } from '../../../../core/redis/snapshot/builtInSnapshot';
import { restoreRdb, type RestoreRequest } from '../../../../core/redis/restore/restoreRdb';
import { freePort } from '../../../../lab/servers/freePort';
import type { RedisOptions, RedisServer } from '../../../../lab/servers/redis';
import { byte, key, length, rdb, string } from '../rdb/rdbBuilder';
import {
	cleanUp,
	connectionTo,
	digest,
	fill,
	folder,
	info,
	never,
	relayTo,
	snapshot,
	start,
	untilTrue,
} from '../support';

jest.setTimeout(60_000);
afterEach(cleanUp);

const safetySnapshot = '/backups/redis/safety_20261123_020000.rdb';

function request(path: string, more: Partial<RestoreRequest> = {}): RestoreRequest {
	return {
		openRdb: () => createReadStream(path),
		takeSafetySnapshot: () => Promise.resolve(safetySnapshot),
		...more,
	};
}

/** A snapshot of a server with every type, and that server's digest. */
async function fullSnapshot() {
	const server = await start();
	await fill(server);
	const { path } = await snapshot(builtInSnapshot(connectionTo(server)));
	return { path, digest: await digest(server) };
}

/** A server with data of its own. */
async function startTarget(options: RedisOptions = {}) {
	const target = await start(options);
	await target.cli('MSET', 'old:1', 'a', 'old:2', 'b', 'old:3', 'c');
	return target;
}

const isMaster = async (target: RedisServer) => {
	expect(await info(target, 'role')).toBe('master');
	expect(await target.cli('SET', 'writable', 'yes')).toBe('OK');
	await target.cli('DEL', 'writable');
};

describe('A restore', () => {
	it('replaces what a running server holds by what the snapshot holds', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const steps = new Set<string>();
		const result = await restoreRdb(
			connectionTo(target),
			request(source.path, { onProgress: ({ step }) => steps.add(step) }),
			never,
		);
		await isMaster(target);
		expect(await digest(target)).toBe(source.digest);
		expect(result).toMatchObject({ keys: 283, keysBefore: 3, safetySnapshot, warnings: [] });
		expect([...steps].join()).toContain(`Sending the data to Redis at 127.0.0.1:${target.port}`);
	});

	it('waits for the server as long as ever while the clock is set ahead, again and again', async () => {
		const source = await fullSnapshot();
		const target = await startTarget({ config: { 'key-load-delay': '2000' } });
		const realNow = Date.now.bind(Date);
		let hours = 0;
		const clock = jest.spyOn(Date, 'now').mockImplementation(() => realNow() + (hours += 1) * 3_600_000);
		try {
			const restored = await restoreRdb(connectionTo(target), request(source.path), never);
			expect(restored).toMatchObject({ keys: 283 });
		} finally {
			clock.mockRestore();
		}
	});

	it('takes the safety snapshot while the old data is still there', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		let held: string | undefined;
		const takeSafetySnapshot = async () => {
			held = await target.cli('GET', 'old:2');
			return safetySnapshot;
		};
		await restoreRdb(connectionTo(target), request(source.path, { takeSafetySnapshot }), never);
		expect(held).toBe('b');
	});

	it('brings keys with a time to live, also those whose time has passed', async () => {
		const server = await start();
		// Or it would be gone before the snapshot on a busy machine.
		await server.cli('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
		await server.cli('SET', 'gone', 'v', 'PX', '1');
		await server.cli('SET', 'stays', 'v', 'EX', '1000');
		const { path } = await snapshot(builtInSnapshot(connectionTo(server)));
		const target = await start();
		expect(await restoreRdb(connectionTo(target), request(path), never)).toMatchObject({ keys: 2 });
		expect(await target.cli('EXISTS', 'gone')).toBe('0');
		expect(Number(await target.cli('TTL', 'stays'))).toBeGreaterThan(900);
	});

	it.each([
		['a password and a masterauth', { password: 'secret', config: { masterauth: 'another' } }],
		['only the older name of the command', { config: { 'rename-command': 'REPLICAOF ""' } }],
		['a masteruser', { config: { masteruser: 'somebody', masterauth: 'secret' } }],
		['loading without its disk', { config: { 'repl-diskless-load': 'swapdb' } }],
		['no time for its replicas', { config: { 'repl-timeout': '11', 'repl-ping-replica-period': '1' } }],
	])('works on a server with %s', async (_, options) => {
		const source = await fullSnapshot();
		const target = await startTarget(options);
		await restoreRdb(connectionTo(target), request(source.path), never);
		await isMaster(target);
		expect(await digest(target)).toBe(source.digest);
	});

	it('works over TLS', async () => {
		const source = await fullSnapshot();
		const target = await startTarget({ tls: true });
		const connection = { ...connectionTo(target), tls: { verifyCertificate: true, ca: target.ca } };
		await restoreRdb(connection, request(source.path, { allowPlainText: true }), never);
		expect(await digest(target)).toBe(source.digest);
	});

	it('over TLS is refused unless plain text is allowed, since the data itself goes without', async () => {
		const { path } = await fullSnapshot();
		const target = await startTarget({ tls: true });
		const before = await digest(target);
		const connection = { ...connectionTo(target), tls: { verifyCertificate: true, ca: target.ca } };
		await expect(restoreRdb(connection, request(path), never)).rejects.toMatchObject({
			code: 'unsupported',
			message:
				'The credential asks for TLS, but the server fetches a restore from n8n in plain text. ' +
				'Allow it where you trust the network between the two (Allow Plain Text, --allow-plain-text), or restore with the engine docker; nothing was changed.',
		});
		await isMaster(target);
		expect(await digest(target)).toBe(before);
	});

	it('leaves out keys without values where the server does', async () => {
		const path = join(await folder(), 'dump.rdb');
		const emptyListpack = byte(7, 7, 0, 0, 0, 0, 0, 0xff);
		const parts = [
			key(1, 'no list', length(0)),
			key(4, 'no hash', length(0)),
			key(16, 'no packed hash', emptyListpack),
			key(18, 'no nodes', length(1), length(2), emptyListpack),
			key(0, 'no text', string('')),
			key(1, 'list', length(1), string('element')),
		];
		await writeFile(path, rdb(parts));
		const target = await startTarget();
		const result = await restoreRdb(connectionTo(target), request(path), never);
		expect(result).toMatchObject({ keys: 2, rdb: { keys: 6, emptyKeys: 4 } });
		expect((await target.cli('KEYS', '*')).split('\n').sort()).toEqual(['list', 'no text']);
	});

	it('survives a restart where the server keeps an append-only file', async () => {
		const source = await fullSnapshot();
		const target = await startTarget({ config: { appendonly: 'yes' } });
		expect((await restoreRdb(connectionTo(target), request(source.path), never)).warnings).toEqual([]);
		const dir = await folder();
		await cp(target.dir, dir, { recursive: true });
		const again = await start({ rdb: { dir, file: 'dump.rdb' }, config: { appendonly: 'yes' } });
		expect(await digest(again)).toBe(source.digest);
	});

	it('reaches the replicas of the server, and says so', async () => {
		const source = await fullSnapshot();
		const target = await startTarget({ config: { 'repl-diskless-sync-delay': '0' } });
		const replica = await start({ config: { replicaof: `127.0.0.1 ${target.port}` } });
		await untilTrue(async () => (await info(target, 'slave0'))?.includes('state=online') ?? false);
		const { warnings } = await restoreRdb(connectionTo(target), request(source.path), never);
		expect(warnings).toEqual(['The server has 1 replicas; they load the restored data as well']);
		await untilTrue(async () => (await digest(replica)) === source.digest);
	});

	it('serves the data to nobody but the server', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const listenPort = await freePort();
		let eavesdropped: Promise<string> | undefined;
		let opened = 0;
		const openRdb = async () => {
			// The first time is the check; the second time, n8n listens.
			if (opened++ > 0) eavesdropped = eavesdrop(listenPort);
			await eavesdropped;
			return createReadStream(source.path);
		};
		await restoreRdb(connectionTo(target), request(source.path, { openRdb, listenPort }), never);
		expect(await eavesdropped).toBe('');
		expect(await digest(target)).toBe(source.digest);
	});

	it('of 200,000 keys is as good', async () => {
		const server = await start();
		await server.cli('DEBUG', 'POPULATE', '200000', 'key', '200');
		const { path } = await snapshot(builtInSnapshot(connectionTo(server)));
		const target = await startTarget();
		expect(await restoreRdb(connectionTo(target), request(path), never)).toMatchObject({ keys: 200_000 });
		expect(await digest(target)).toBe(await digest(server));
	});
});

/** What somebody at another address gets who asks for the data. */
async function eavesdrop(port: number): Promise<string> {
	const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
	let heard = '';
	socket.on('error', () => {});
	socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
	socket.write('PING\r\nPSYNC ? -1\r\n');
	await once(socket, 'close');
	return heard;
}

describe('A restore is refused, and nothing touched,', () => {
	const expectUntouched = async (target: RedisServer, path: string, message: string | RegExp) => {
		const before = await digest(target);
		let asked = false;
		const takeSafetySnapshot = () => {
			asked = true;
			return Promise.resolve(safetySnapshot);
		};
		await expect(
			restoreRdb(connectionTo(target), request(path, { takeSafetySnapshot }), never),
		).rejects.toThrow(message);
		expect(asked).toBe(false);
		expect(await digest(target)).toBe(before);
	};

	const write = async (bytes: Buffer) => {
		const path = join(await folder(), 'dump.rdb');
		await writeFile(path, bytes);
		return path;
	};

	it('when the snapshot is damaged', async () => {
		const { path } = await fullSnapshot();
		const bytes = await readFile(path);
		bytes[bytes.length >> 1]! ^= 1;
		await expectUntouched(await startTarget(), await write(bytes), /^The RDB/);
	});

	it('when the snapshot is of a newer format than the server reads', async () => {
		const path = await write(rdb([key(0, 'a', string('b'))], { head: 'REDIS0011' }));
		const target = await startTarget();
		await expectUntouched(
			target,
			path,
			/\(version .*\) cannot read an RDB of format REDIS 11\. Restore into/,
		);
	});

	it('when the snapshot has more databases than the server', async () => {
		const { path } = await fullSnapshot();
		const target = await startTarget({ config: { databases: '7' } });
		await expectUntouched(target, path, 'The RDB has keys in database 7, but Redis at');
	});

	it('when the server is a node of a cluster', async () => {
		const { path } = await fullSnapshot();
		const target = await start({ config: { 'cluster-enabled': 'yes' } });
		await expectUntouched(target, path, 'is a node of a cluster');
	});

	it('when the server is a replica', async () => {
		const { path } = await fullSnapshot();
		const master = await startTarget({ config: { 'repl-diskless-sync-delay': '0' } });
		const target = await start({ config: { replicaof: `127.0.0.1 ${master.port}` } });
		await untilTrue(async () => (await info(target, 'master_link_status')) === 'up');
		await expectUntouched(target, path, `is a replica of 127.0.0.1:${master.port}. Restore into its master`);
	});

	it('when the user may not make the server a replica, and the error names the rules', async () => {
		const { path } = await fullSnapshot();
		const target = await startTarget({ users: ['backup on >secret ~* +@all -replicaof'] });
		const before = await digest(target);
		const connection = { ...connectionTo(target), user: 'backup', password: 'secret' };
		await expect(restoreRdb(connection, request(path), never)).rejects.toThrow(
			`does not permit its user backup to run REPLICAOF. Redis at 127.0.0.1:${target.port} now holds 3 keys and held 3 before. ` +
				'Extend that user’s ACL: ACL SETUSER backup +replicaof +info +config|get.',
		);
		await isMaster(target);
		expect(await digest(target)).toBe(before);
	});

	it('when the server replicates over TLS only', async () => {
		const { path } = await fullSnapshot();
		const target = await startTarget({ tls: true, config: { 'tls-replication': 'yes' } });
		const connection = { ...connectionTo(target), tls: { verifyCertificate: false } };
		await expect(restoreRdb(connection, request(path, { allowPlainText: true }), never)).rejects.toThrow(
			'replicates over TLS only, which a restore from n8n cannot serve. Set tls-replication to no',
		);
		await isMaster(target);
	});
});

describe('A restore that fails under way', () => {
	it('when the snapshot cannot be read a second time, leaves the server a master with its data', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const before = await digest(target);
		let opened = 0;
		const openRdb = () => {
			if (opened++ === 0) return createReadStream(source.path);
			return new Readable({
				read() {
					this.push(Buffer.from('REDIS0010'));
					this.destroy(new Error('the disk is gone'));
				},
			});
		};
		const failure = restoreRdb(connectionTo(target), request(source.path, { openRdb }), never);
		await expect(failure).rejects.toThrow(
			'The data could not be sent: the disk is gone. ' +
				`Redis at 127.0.0.1:${target.port} now holds 3 keys and held 3 before.`,
		);
		await expect(failure).rejects.toThrow(`in the safety snapshot ${safetySnapshot}`);
		await isMaster(target);
		expect(await digest(target)).toBe(before);
	});

	it('when the snapshot grew after it was inspected, leaves the server a master with its data', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const before = await digest(target);
		const takeSafetySnapshot = async () => {
			await appendFile(source.path, 'more');
			return safetySnapshot;
		};
		await expect(
			restoreRdb(connectionTo(target), request(source.path, { takeSafetySnapshot }), never),
		).rejects.toThrow('The RDB changed while it was being restored.');
		await isMaster(target);
		expect(await digest(target)).toBe(before);
	});

	it('when it is cancelled while it sends, leaves the server a master with its data', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const before = await digest(target);
		const cancel = new AbortController();
		let opened = 0;
		const openRdb = () => {
			if (opened++ === 0) return createReadStream(source.path);
			// Begins, and never goes on.
			return new Readable({
				read() {
					this.push(Buffer.from('REDIS0010'));
					this._read = () => {};
				},
			});
		};
		const restoring = restoreRdb(connectionTo(target), request(source.path, { openRdb }), cancel.signal);
		restoring.catch(() => {});
		await untilTrue(async () => (await info(target, 'master_sync_in_progress')) === '1');
		cancel.abort();
		await expect(restoring).rejects.toMatchObject({ code: 'cancelled' });
		await isMaster(target);
		expect(await digest(target)).toBe(before);
	});

	it('when the server cannot reach n8n, says where it was told to look', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const listenPort = await freePort();
		const unreachable = { announceHost: '127.0.0.2', listenPort, comeTimeoutMs: 1_500 };
		await expect(restoreRdb(connectionTo(target), request(source.path, unreachable), never)).rejects.toThrow(
			`Redis at 127.0.0.1:${target.port} did not connect to n8n at 127.0.0.2:${listenPort} within 1.5 seconds.`,
		);
		await isMaster(target);
		expect(await target.cli('DBSIZE')).toBe('3');
	});

	it('when the server is reached at another address than it comes from, names that and the way out', async () => {
		const source = await fullSnapshot();
		const target = await startTarget();
		const service = await relayTo(target, undefined, '127.0.0.2');
		const { port } = service;
		await expect(restoreRdb(service, request(source.path, { comeTimeoutMs: 3_000 }), never)).rejects.toThrow(
			new RegExp(
				`^Redis at 127\\.0\\.0\\.2:${port} did not connect to n8n at 127\\.0\\.0\\.\\d:\\d+ within 3 seconds; ` +
					'somebody at 127\\.0\\.0\\.1 did and was refused, since the server was reached at 127\\.0\\.0\\.2\\..*' +
					'set the announce host to 127\\.0\\.0\\.\\d \\(Announce Host, --announce-host\\)',
			),
		);
		await isMaster(target);
		expect(await target.cli('DBSIZE')).toBe('3');

		await restoreRdb(service, request(source.path, { announceHost: '127.0.0.1' }), never);
		expect(await digest(target)).toBe(source.digest);
	});

	it('when the server dies while it loads, says where the safety snapshot is', async () => {
		const source = await fullSnapshot();
		const slowly = { 'key-load-delay': '20000', 'loading-process-events-interval-bytes': '1024' };
		const target = await startTarget({ config: slowly });
		const restoring = restoreRdb(connectionTo(target), request(source.path), never);
		restoring.catch(() => {});
		await untilTrue(async () => (await info(target, 'loading')) === '1');
		await target.kill();
		await expect(restoring).rejects.toThrow(safetySnapshot);
		await expect(restoring).rejects.toThrow('could not be told to be a master again');
	});

	it('when it is cancelled while the server loads, waits for that and leaves a master', async () => {
		const source = await fullSnapshot();
		const slowly = { 'key-load-delay': '5000', 'loading-process-events-interval-bytes': '1024' };
		const target = await startTarget({ config: slowly });
		const cancel = new AbortController();
		const restoring = restoreRdb(connectionTo(target), request(source.path), cancel.signal);
		restoring.catch(() => {});
		await untilTrue(async () => (await info(target, 'loading')) === '1');
		cancel.abort();
		await expect(restoring).rejects.toMatchObject({ code: 'cancelled' });
		await expect(restoring).rejects.toThrow(safetySnapshot);
		await untilTrue(async () => (await info(target, 'loading')) === '0');
		await isMaster(target);
	});
});

describe('A crash of the server right after a restore', () => {
	it.each([
		['receives it into its file', {}],
		['loads it from the connection', { 'repl-diskless-load': 'swapdb' }],
		['loads it from the connection and has save points', { 'repl-diskless-load': 'swapdb', save: '3600 1' }],
		['has an append-only file', { appendonly: 'yes' }],
	])('leaves the restored data, where the server %s', async (_name, config) => {
		const source = await fullSnapshot();
		const ownFiles = { rdb: { dir: await folder(), file: 'dump.rdb' }, config };
		const target = await startTarget(ownFiles);
		await target.cli('SAVE');
		const { warnings } = await restoreRdb(connectionTo(target), request(source.path), never);
		await target.kill();
		const again = await start(ownFiles);
		expect(await digest(again)).toBe(source.digest);
		expect(warnings).toEqual([]);
	});

	it('is warned of where it cannot save what it loaded from the connection', async () => {
		const source = await fullSnapshot();
		const target = await startTarget({
			config: { 'repl-diskless-load': 'swapdb', 'rename-command': 'BGSAVE ""' },
		});
		const { warnings } = await restoreRdb(connectionTo(target), request(source.path), never);
		expect(warnings.join()).toContain(
			'The server has the restored data in memory only: let it save (BGSAVE) before it is restarted, or what it held before comes back.',
		);
	});
});
