import { type CatalogEntry, readManifest } from '../../../core/artifact';
import { tellArtifact, tellDrill, tellMoved } from '../../../nodes/shared/told';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { type BackupToWrite, writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const times = { startedAt: '2026-11-23T01:00:00.000Z', finishedAt: '2026-11-23T01:00:02.000Z' };

const tar = {
	...{ kind: 'tar' as const, entries: 1200, bytes: 9, skipped: 0 },
	...{ changed: [], vanished: [], sqlite: [] },
};

const made: Array<[string, Omit<BackupToWrite, 'stamp'>]> = [
	[
		'n8n: 3.2 MB in 2 s, 5,256 rows',
		{
			manifest: {
				source: { database: 'n8n' },
				census: { kind: 'postgres', tables: { a: 5256 }, rows: 5256 },
			},
		},
	],
	[
		'Roles and tablespaces: 3.2 MB in 2 s, 0 rows',
		{ manifest: { source: { container: 'db' }, census: { kind: 'postgres', tables: {}, rows: 0 } } },
	],
	[
		'Redis: 3.2 MB in 2 s, 1 key',
		{
			component: 'redis',
			manifest: { census: { kind: 'redis', keys: 1, rdbVersion: 11, checksum: 'verified' } },
		},
	],
	[
		'n8n_data: 3.2 MB in 2 s, 1,200 entries',
		{ component: 'n8n', manifest: { source: { volume: 'n8n_data' }, census: tar } },
	],
	[
		'.env: 3.2 MB in 2 s',
		{ component: 'env', manifest: { source: { path: '/compose/.env' }, census: { kind: 'file' } } },
	],
];

it.each(made)(
	'says of an artifact in a line what it is, how large, how long and how much: %s',
	async (line, backup) => {
		const manifest = { ...times, ...backup.manifest, storedBytes: 3_200_000 };
		const path = await writeBackup(directory.path(), { ...backup, stamp: '20261123_010000', manifest });
		expect(tellArtifact({ path, manifest: await readManifest(path) })).toBe(line);
	},
);

it('says of a drill how long it took and how much it compared, or what kept it', () => {
	const drill = { name: 'n8n.sql.gz', done: 'restored inside n8n', durationMs: 9000 };
	expect(tellDrill({ ...drill, rows: 5256 })).toBe(
		'n8n.sql.gz: restored inside n8n in 9 s, 5,256 rows compared',
	);
	expect(tellDrill(drill)).toBe('n8n.sql.gz: restored inside n8n in 9 s');
	expect(tellDrill({ ...drill, obstacle: 'There is no postgis. Drill it on a server.' })).toBe(
		'Whether n8n.sql.gz can be restored is unknown: There is no postgis. Drill it on a server.',
	);
});

it('says of a backup that was moved where to', () => {
	const entry = { name: 'n8n.sql.gz', storedBytes: 3_200_000 } as CatalogEntry;
	expect(tellMoved(entry, 'copied to s3://bucket')).toBe('n8n.sql.gz: copied to s3://bucket, 3.2 MB');
});
