import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { restoreDump } from '../../../../core/postgres/restore/restoreDump';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp, fixture } from '../support/artifacts';
import { connectionTo, fingerprint, never, restoreByPsql } from '../support/dumps';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
const newestMajor = 18;
let newest: PostgresServer;
let everything: string;

beforeAll(async () => {
	everything = await readFile(fixture('everything.sql'), 'utf8');
	newest = await startPostgres({ major: newestMajor });
	await newest.createDatabase('everything');
	// Brings its roles along, which no dump of a database does.
	await newest.psql(everything, { database: 'everything' });
}, 180_000);

afterAll(async () => {
	await newest.stop();
});

describe.each([13, 14, 15, 16, 17, 18])('a dump of PostgreSQL %i', (major) => {
	let source: PostgresServer;
	beforeAll(async () => {
		source = major === newestMajor ? newest : await startPostgres({ major });
		if (source === newest) return;
		await source.createDatabase('everything');
		await source.psql(everything, { database: 'everything' });
	}, 180_000);
	afterAll(async () => {
		if (source !== newest) await source.stop();
	});

	test('comes back on its own server as it was', async () => {
		const { path, manifest } = await backUp(source, 'everything', directory.path());

		const report = await restoreDump(
			{
				artifactPath: path,
				manifest,
				connection: connectionTo(source),
				target: { kind: 'new', database: 'restored' },
			},
			never,
		);

		expect(await fingerprint(source, 'restored')).toBe(await fingerprint(source, 'everything'));
		expect(report.warnings).toEqual([]);
		expect(report.comparison).toMatchObject({ differences: [] });
		expect(report.rows['app.nothing']).toBe(2);
	});

	test('comes back with an unlogged table whose keys PostgreSQL counts', async () => {
		await source.createDatabase('unlogged');
		await source.psql(
			'CREATE UNLOGGED TABLE t (id integer GENERATED ALWAYS AS IDENTITY); INSERT INTO t DEFAULT VALUES',
			{ database: 'unlogged' },
		);
		const { path, manifest } = await backUp(source, 'unlogged', directory.path());
		const target = { kind: 'new', database: 'unlogged_restored' } as const;

		await restoreDump({ artifactPath: path, manifest, connection: connectionTo(source), target }, never);

		expect(await fingerprint(source, 'unlogged_restored')).toBe(await fingerprint(source, 'unlogged'));
	});

	test('becomes on PostgreSQL 18 what psql makes of it there', async () => {
		const { path, manifest } = await backUp(source, 'everything', directory.path(), 'gzip');
		const [ours, theirs] = [`ours_${major}`, `theirs_${major}`];

		await restoreDump(
			{
				artifactPath: path,
				manifest,
				connection: connectionTo(newest),
				target: { kind: 'new', database: ours },
			},
			never,
		);

		await restoreByPsql(newest, gunzipSync(await readFile(path)), theirs);
		expect(await fingerprint(newest, ours)).toBe(await fingerprint(newest, theirs));
	});
});
