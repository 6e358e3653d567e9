import { type CatalogEntry, type Manifest, readEntry } from '../../../../core/artifact';
import { BackupError } from '../../../../core/errors';
import { simple } from '../../../../nodes/shared/simplify/simple';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { type BackupToWrite, writeBackup } from '../../../support/writeBackup';

const directory = temporaryDirectory();
const shape = simple('Europe/Berlin');
const utc = (time: string) => `2026-11-23T${time}Z`;

async function entryOf({ manifest, ...backup }: Omit<BackupToWrite, 'stamp'> = {}): Promise<
	CatalogEntry & { manifest: Manifest }
> {
	const path = await writeBackup(directory.path(), {
		stamp: '20261123_010000',
		manifest: { startedAt: utc('01:00:00.000'), finishedAt: utc('01:03:20.000'), ...manifest },
		...backup,
	});
	const entry = await readEntry({ timeZone: 'utc' }, backup.component ?? 'postgres', path);
	return entry as CatalogEntry & { manifest: Manifest };
}

const asRow = (item: object) => JSON.parse(JSON.stringify(item)) as Record<string, unknown>;

describe('a simplified backup', () => {
	it('is one flat row in the order that a person reads it in, dates in the zone of the workflow', async () => {
		const entry = await entryOf({
			manifest: {
				source: { host: 'postgres', port: 5432, database: 'n8n' },
				census: { kind: 'postgres', tables: { 'public.a': 5000, 'public.b': 256 }, rows: 5256 },
				warnings: ['Rows of public.c are left out'],
				verification: { at: utc('02:00:00.000'), result: 'passed', findings: [] },
				drill: { at: utc('03:00:00.000'), result: 'passed', findings: [] },
				copies: [
					{ place: 's3://there', at: utc('02:00:00.000'), lastSeenAt: utc('02:00:00.000') },
					{
						...{ place: 'gone', at: utc('02:00:00.000'), lastSeenAt: utc('02:00:00.000') },
						prunedAt: utc('04:00:00.000'),
					},
				],
			},
		});
		const bytes = entry.storedBytes;

		const row = asRow(shape.entry(entry));

		expect(Object.entries(row)).toEqual([
			['name', 'n8n_20261123_010000.sql.gz'],
			['component', 'postgres'],
			['source', 'database n8n of postgres:5432'],
			['size', `${bytes} B`],
			['bytes', bytes],
			['duration', '3 min 20 s'],
			['durationMs', 200_000],
			['rows', 5256],
			['tables', 2],
			['state', 'good'],
			['warnings', ['Rows of public.c are left out']],
			['made', '2026-11-23 02:00:00'],
			['verified', 'passed 2026-11-23 03:00:00'],
			['drilled', 'passed 2026-11-23 04:00:00'],
			['copies', ['s3://there']],
			['path', entry.path],
			['database', 'n8n'],
		]);
	});

	it('is the same fresh from the node as it is in the catalog afterwards', async () => {
		for (const manifest of [{}, { shrunk: { before: 'an older one', lost: ['public.a had 9 rows.'] } }]) {
			const entry = await entryOf({ manifest });
			const fresh = shape.artifact({ path: entry.path, manifest: entry.manifest });
			expect(fresh).toEqual(shape.entry(entry));
			expect(fresh.state).toBe('shrunk' in manifest ? 'shrunk' : 'good');
		}
	});

	const sources: Array<[string, Omit<BackupToWrite, 'stamp'>, object]> = [
		[
			'an archive with n8n’s SQLite',
			{
				component: 'n8n',
				manifest: {
					source: { path: '/backup-sources/n8n' },
					census: {
						...{ kind: 'tar', entries: 7, bytes: 9, skipped: 0, changed: [], vanished: [] },
						sqlite: ['database.sqlite', 'other.db'],
						databases: [
							{ path: 'database.sqlite', check: 'passed', tables: { user: 1, workflow_entity: 12 } },
							{ path: 'other.db', check: 'passed' },
						],
					},
				},
			},
			{
				source: 'directory /backup-sources/n8n',
				...{ rows: 13, tables: 2, entries: 7, sqliteDatabases: ['database.sqlite', 'other.db'] },
			},
		],
		[
			'an archive by an earlier version',
			{
				component: 'n8n',
				manifest: {
					source: { volume: 'n8n_data', container: 'n8n-1' },
					census: {
						...{ kind: 'tar', entries: 7, bytes: 9, skipped: 0, changed: [], vanished: [] },
						sqlite: ['database.sqlite'],
					},
				},
			},
			{ source: 'volume n8n_data', entries: 7, sqliteDatabases: ['database.sqlite'] },
		],
		[
			'a snapshot',
			{
				component: 'redis',
				manifest: {
					source: { host: 'redis', port: 6379 },
					census: { kind: 'redis', keys: 0, rdbVersion: 11, checksum: 'verified' },
				},
			},
			{ source: 'Redis at redis:6379', keys: 0 },
		],
		[
			'a file',
			{ component: 'env', manifest: { source: { path: '/compose/.env' }, census: { kind: 'file' } } },
			{ source: 'file /compose/.env' },
		],
		[
			'the roles of a server in a container',
			{ manifest: { source: { container: 'db-1' } } },
			{ source: 'roles and tablespaces in the container db-1', rows: 0, tables: 0 },
		],
	];

	it.each(sources)('says where it is from and what it holds: %s', async (_, backup, expected) => {
		const row = asRow(shape.entry(await entryOf(backup)));
		const told = ['source', 'rows', 'tables', 'entries', 'keys', 'sqliteDatabases'];
		expect(Object.fromEntries(told.flatMap((name) => (name in row ? [[name, row[name]]] : [])))).toEqual(
			expected,
		);
	});

	it('says why its state is not good, and no figure of a file that nobody can judge', async () => {
		const entry: CatalogEntry = {
			...(await entryOf()),
			...{ state: 'missing', problem: 'The artifact is gone.', storedBytes: 0, manifest: undefined },
		};
		expect(asRow(shape.entry(entry))).toEqual({
			...{ name: entry.name, component: 'postgres', state: 'missing', warnings: ['The artifact is gone.'] },
			...{ made: '2026-11-23 02:00:00', path: entry.path },
		});
	});
});

describe('what was done with a backup', () => {
	it('begins with what a prune decided, and why', async () => {
		const entry = await entryOf();
		const outcome = { entry, action: 'delete', reasons: ['no rule keeps it'], deleted: false, dryRun: true };
		expect(Object.keys(shape.pruned(outcome)).slice(0, 5)).toEqual([
			...['action', 'reasons', 'deleted', 'dryRun', 'name'],
		]);
		expect(shape.pruned({ ...outcome, deleted: true, dryRun: false })).not.toHaveProperty('dryRun');
	});

	it('tells a warning of the copy beside those of the backup, each once', async () => {
		const entry = await entryOf({ manifest: { warnings: ['A socket was left out'] } });
		const warnings = ['A socket was left out', 'The key leaves unencrypted'];
		expect(shape.copied({ entry, place: 's3://there', outcome: 'copied', warnings })).toMatchObject({
			...{ outcome: 'copied', warnings, place: 's3://there' },
		});
	});
});

describe('a simplified drill', () => {
	const passed = { check: 'rows', result: 'passed', detail: 'All rows.' } as const;
	const noKey = { check: 'credential', result: 'unknown', detail: 'No key was found.' } as const;

	it('says how much was compared in which time, and what could not be tried', async () => {
		const entry = await entryOf({
			manifest: { census: { kind: 'postgres', tables: { 'public.a': 3 }, rows: 3 } },
		});
		const drill = { artifactPath: entry.path, durationMs: 9000, warnings: [] };
		const item = shape.drill({ ...drill, result: 'passed', checks: [passed, noKey] }, entry);
		expect(Object.entries(item)).toEqual([
			...[
				['name', entry.name],
				['result', 'passed'],
				['duration', '9 s'],
				['durationMs', 9000],
			],
			...[
				['rows', 3],
				['tables', 1],
				['unknown', ['credential: No key was found.']],
				['path', entry.path],
			],
		]);
		expect(shape.drill({ ...drill, result: 'passed', checks: [noKey] }, entry)).not.toHaveProperty('rows');
	});

	it('names an obstacle once, with what to do about it', async () => {
		const entry = await entryOf();
		const obstacle = new BackupError('unsupported', 'There is no postgis', {
			advice: 'Drill it on a server',
		});
		const checks = [{ check: 'restore', result: 'unknown', detail: 'There is no postgis' } as const];
		const drill = { artifactPath: entry.path, durationMs: 900, warnings: [] };
		expect(shape.drill({ ...drill, result: 'unknown', checks, obstacle }, entry)).toEqual({
			...{ name: entry.name, result: 'unknown', duration: '900 ms', durationMs: 900, path: entry.path },
			obstacle: 'There is no postgis. Drill it on a server.',
		});
	});
});

it('a simplified verification says what of it could not be known', async () => {
	const entry = await entryOf({ manifest: { census: { kind: 'postgres', tables: {}, rows: 0 } } });
	const { path, storedBytes } = entry;
	const checks = [
		{ check: 'sha256', result: 'passed', detail: 'It is the same.' },
		{ check: 'content', result: 'unknown', detail: 'It is encrypted.' },
	] as const;
	const found = { path, component: 'postgres', result: 'passed', storedBytes, recorded: false } as const;
	expect(
		shape.verification({ ...found, checks: [...checks], recordProblem: 'It is read-only.' }, entry),
	).toEqual({
		...{ name: entry.name, component: 'postgres', result: 'passed', rows: 0, tables: 0, path },
		...{ size: `${storedBytes} B`, bytes: storedBytes },
		...{ unknown: ['content: It is encrypted.'], warnings: ['It is read-only.'] },
	});
});
