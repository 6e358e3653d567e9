import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { chown, mkdir, readFile } from 'node:fs/promises';
import { manifestPath } from '../../../../core/artifact';
import { drill, type DrillReport } from '../../../../core/postgres/drill/drill';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { startTwin } from '../../../../lab/servers/postgresTwin';
import { describeDisks } from '../../../support/disks';
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

const unknown = { result: 'unknown', checks: [{ check: 'restore', result: 'unknown' }] };

test('a standby takes no scratch database, which says nothing of the backup', async () => {
	const dataDir = directory.path('standby');
	await mkdir(dataDir, { mode: 0o700 });
	const { uid, gid } = statSync(server.dataDir);
	await chown(directory.path(), uid, gid);
	const standby = await startTwin(server, dataDir, { copyOptions: ['--write-recovery-conf'] });
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
			const full = await startTwin(server, dataDir, { copyOptions: [`--waldir=${directory.path('wal')}`] });
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
