import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BackupError } from '../../../../core/errors';
import { localSnapshot } from '../../../../core/redis/snapshot/localSnapshot';
import {
	cleanUp,
	connectionTo,
	containing,
	digest,
	fill,
	folder,
	info,
	snapshot,
	start,
	startOn,
	untilTrue,
} from '../support';

jest.setTimeout(60_000);
afterEach(cleanUp);

/** Makes saves and rewrites take about a second a thousand keys. */
const slowly = { 'rdb-key-save-delay': '1000' };
const keys = async (rdbPath: string, pattern: string) => (await startOn(rdbPath)).cli('KEYS', pattern);

describe('A snapshot by the server’s own save', () => {
	it('holds every key of every type and database', async () => {
		const server = await start();
		await fill(server);
		const { path, facts } = await snapshot(localSnapshot(connectionTo(server)));
		expect(await digest(await startOn(path))).toBe(await digest(server));
		expect(facts).toMatchObject({
			source: { host: '127.0.0.1', port: server.port, path: join(server.dir, 'dump.rdb') },
			engine: { name: 'local' },
			census: { kind: 'redis', keys: 283, checksum: 'verified' },
			warnings: [],
		});
	});

	it('holds what was written just before it, also right after another one', async () => {
		const server = await start();
		for (const name of ['first', 'second', 'third']) {
			await server.cli('SET', name, '1');
			const { path } = await snapshot(localSnapshot(connectionTo(server)));
			expect(await keys(path, name)).toBe(name);
		}
	});

	it('waits for a save under way, and then makes its own', async () => {
		const server = await start({ config: slowly });
		await server.cli('DEBUG', 'POPULATE', '1000');
		await server.cli('BGSAVE');
		await server.cli('SET', 'late', '1');
		expect(await info(server, 'rdb_bgsave_in_progress')).toBe('1');
		const { path } = await snapshot(localSnapshot(connectionTo(server)));
		expect(await keys(path, 'late')).toBe('late');
		expect(await info(server, 'rdb_saves')).toBe('2');
	});

	it('waits for a rewrite of the append-only file', async () => {
		const server = await start({ config: { appendonly: 'yes', ...slowly } });
		await server.cli('DEBUG', 'POPULATE', '1000');
		await server.cli('BGREWRITEAOF');
		await server.cli('SET', 'late', '1');
		expect(await info(server, 'aof_rewrite_in_progress')).toBe('1');
		const { path } = await snapshot(localSnapshot(connectionTo(server)));
		expect(await keys(path, 'late')).toBe('late');
	});

	it('stays whole when another save puts a new file in its place meanwhile', async () => {
		const server = await start();
		await server.cli('DEBUG', 'POPULATE', '50000', 'key', '200');
		const { path, facts } = await snapshot(async (signal) => {
			const source = await localSnapshot(connectionTo(server))(signal);
			await server.cli('FLUSHALL');
			await server.cli('SAVE');
			return source;
		});
		expect(facts.census).toMatchObject({ keys: 50_000, checksum: 'verified' });
		expect(await (await startOn(path)).cli('DBSIZE')).toBe('50000');
	});

	it('is read from where n8n sees the file', async () => {
		const server = await start();
		await server.cli('SET', 'a', '1');
		const rdbPath = join(server.dir, '..', server.dir.split('/').at(-1)!, 'dump.rdb');
		const { facts } = await snapshot(localSnapshot(connectionTo(server), { rdbPath }));
		expect(facts.source.path).toBe(rdbPath);
	});

	it('is open to an ACL user with just the rights to save', async () => {
		const server = await start({
			users: ['backup on >secret -@all +bgsave +lastsave +info +time +config|get'],
		});
		const connection = { ...connectionTo(server), user: 'backup', password: 'secret' };
		expect((await snapshot(localSnapshot(connection))).facts.census).toMatchObject({ keys: 0 });
	});
});

describe('A snapshot by the server’s own save fails', () => {
	it('when the save fails', async () => {
		const dir = await folder();
		const server = await start({ config: { 'enable-protected-configs': 'yes' } });
		await server.cli('CONFIG', 'SET', 'dir', dir);
		await rm(dir, { recursive: true });
		// CONFIG GET dir fails as well in a folder that is gone; the path is given.
		const failing = snapshot(localSnapshot(connectionTo(server), { rdbPath: join(dir, 'dump.rdb') }));
		await expect(failing).rejects.toThrow(
			`Redis at 127.0.0.1:${server.port} failed to save its RDB file. Look into its log`,
		);
	});

	it('when the save takes longer than it may', async () => {
		const server = await start({ config: slowly });
		await server.cli('DEBUG', 'POPULATE', '20000');
		await expect(snapshot(localSnapshot(connectionTo(server), { saveTimeoutMs: 300 }))).rejects.toThrow(
			'did not finish its save in 0.3 seconds.',
		);
	});

	it('when n8n does not see the file, and says what to do', async () => {
		const server = await start();
		const rdbPath = '/nowhere/dump.rdb';
		await expect(snapshot(localSnapshot(connectionTo(server), { rdbPath }))).rejects.toMatchObject({
			code: 'not-found',
			message:
				`Redis at 127.0.0.1:${server.port} saved to /nowhere/dump.rdb, which n8n cannot read. ` +
				'Mount the server’s data directory into n8n and enter the RDB file’s path there, or use the built-in engine, which needs no file.',
		});
	});

	it('when the file at the given path is an old copy', async () => {
		const server = await start();
		const rdbPath = join(await folder(), 'dump.rdb');
		await server.cli('SAVE');
		await copyFile(join(server.dir, 'dump.rdb'), rdbPath);
		// The file's own time counts whole seconds, and may lag behind by one.
		await wait(2_100);
		await expect(snapshot(localSnapshot(connectionTo(server), { rdbPath }))).rejects.toMatchObject({
			code: 'damaged',
			message: containing('before the save that was just made.'),
		});
	});

	it('when the path may not be read, before anything is saved', async () => {
		const server = await start();
		const permitPath = (path: string) => {
			throw new BackupError('not-permitted', `${path} is off limits`, { advice: 'Choose another' });
		};
		await expect(snapshot(localSnapshot(connectionTo(server), { permitPath }))).rejects.toThrow(
			`${join(server.dir, 'dump.rdb')} is off limits.`,
		);
		expect(await info(server, 'rdb_saves')).toBe('0');
	});

	it('when an ACL user may not save, and the error names the rules', async () => {
		const server = await start({ users: ['backup on >secret -@all +info +config|get +time'] });
		const connection = { ...connectionTo(server), user: 'backup', password: 'secret' };
		await expect(snapshot(localSnapshot(connection))).rejects.toThrow(
			'ACL SETUSER backup +bgsave +lastsave +info +time +config|get',
		);
	});

	it('when it is cancelled while the server saves', async () => {
		const server = await start({ config: slowly });
		await server.cli('DEBUG', 'POPULATE', '20000');
		const cancel = new AbortController();
		const taking = snapshot(localSnapshot(connectionTo(server)), cancel.signal);
		taking.catch(() => {});
		await untilTrue(async () => (await info(server, 'rdb_bgsave_in_progress')) === '1');
		cancel.abort();
		await expect(taking).rejects.toMatchObject({ code: 'cancelled' });
	});
});
