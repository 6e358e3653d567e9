import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { manifestPath } from '../../../../core/artifact';
import { drill, type DrillReport } from '../../../../core/postgres/drill/drill';
import { freePort } from '../../../../lab/servers/freePort';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { describeDisks } from '../../../support/disks';
import { eventually } from '../../../../lab/eventually';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, never } from '../support/dumps';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
let server: PostgresServer;
let path: string;

beforeAll(async () => {
	server = await startPostgres();
	await server.psql(
		`CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 60) AS text FROM generate_series(1, 40000) n`,
	);
});
afterAll(() => server.stop());
beforeEach(async () => {
	({ path } = await backUp(server, 'postgres', directory.path()));
});

/** Drills on another server, and looks whether the manifest is as it was. */
async function drillOn(port: number): Promise<{ report: DrillReport; isManifestUntouched: boolean }> {
	const before = await readFile(manifestPath(path), 'utf8');
	const report = await drill(
		{
			root: directory.path(),
			timeZone: 'UTC',
			artifactPath: path,
			connection: connectionTo(server, { port }),
		},
		never,
	);
	return { report, isManifestUntouched: before === (await readFile(manifestPath(path), 'utf8')) };
}

interface Twin {
	port: number;
	stop(): Promise<void>;
}

/** A second server on a copy of the first one's data, made and run by PostgreSQL's own programs. */
async function startTwin(dataDir: string, copyOptions: string[]): Promise<Twin> {
	const { uid, gid } = statSync(server.dataDir);
	const identity = process.getuid?.() === 0 ? { uid, gid } : {};
	const env = { ...process.env, PGPASSWORD: server.password, LC_ALL: 'C' };
	await chown(dataDir, uid, gid);
	execFileSync(
		join(server.binDir, 'pg_basebackup'),
		[
			'-h',
			server.host,
			'-p',
			String(server.port),
			'-U',
			server.user,
			'-D',
			dataDir,
			'-c',
			'fast',
			...copyOptions,
		],
		{ ...identity, env, cwd: '/', stdio: 'pipe' },
	);
	const port = await freePort();
	const settings = [
		`port=${port}`,
		'listen_addresses=127.0.0.1',
		'unix_socket_directories=',
		'max_wal_size=64MB',
	];
	const child = spawn(
		join(server.binDir, 'postgres'),
		['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])],
		{ ...identity, env, cwd: '/', stdio: 'ignore' },
	);
	const exited = once(child, 'exit');
	const stop = async () => {
		child.kill('SIGQUIT');
		await exited;
	};
	try {
		await eventually(async () => {
			const client = new pg.Client({ ...connectionTo(server, { port }), ssl: false });
			await client.connect();
			await client.end();
		});
	} catch (error) {
		await stop();
		throw error;
	}
	return { port, stop };
}

const unknown = { result: 'unknown', checks: [{ check: 'restore', result: 'unknown' }] };

test('a standby takes no scratch database, which says nothing of the backup', async () => {
	const dataDir = directory.path('standby');
	await mkdir(dataDir, { mode: 0o700 });
	const { uid, gid } = statSync(server.dataDir);
	await chown(directory.path(), uid, gid);
	const standby = await startTwin(dataDir, ['--write-recovery-conf']);
	try {
		const { report, isManifestUntouched } = await drillOn(standby.port);
		expect(report).toMatchObject(unknown);
		expect(report.obstacle?.message).toMatch(/read-only transaction.*Connect to the primary|recovery/);
		expect(isManifestUntouched).toBe(true);
	} finally {
		await standby.stop();
	}
});

describeDisks('on a disk of its own', () => {
	test('a server whose disk is full says nothing of the backup', async () => {
		const dataDir = directory.path('full');
		await mkdir(dataDir);
		await mkdir(directory.path('wal'));
		const { uid, gid } = statSync(server.dataDir);
		await chown(directory.path(), uid, gid);
		await chown(directory.path('wal'), uid, gid);
		await server.psql('DROP TABLE wide; CHECKPOINT');
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m,mode=0700', 'tmpfs', dataDir]);
		try {
			const full = await startTwin(dataDir, [`--waldir=${directory.path('wal')}`]);
			try {
				const { report, isManifestUntouched } = await drillOn(full.port);
				expect(report).toMatchObject(unknown);
				expect(report.obstacle?.message).toMatch(
					/could not extend file.*Free space, memory or connections on the server/,
				);
				expect(isManifestUntouched).toBe(true);
			} finally {
				await full.stop();
			}
		} finally {
			execFileSync('umount', [dataDir]);
		}
	});
});
