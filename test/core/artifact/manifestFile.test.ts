import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
	type CatalogEntry,
	manifestPath,
	parseManifest,
	readCatalog,
	readManifest,
	serializeManifest,
} from '../../../core/artifact';
import { toCheckRecord, recordChecks } from '../../../core/artifact/verifyArtifact';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const stamp = '20261101_020000';

async function catalog(): Promise<CatalogEntry[]> {
	return await readCatalog({ root: directory.path(), timeZone: 'utc' });
}

/** A backup whose manifest says what is true of it, changed by hand. */
async function writeWith(change: (fields: Record<string, unknown>) => unknown): Promise<string> {
	const path = await writeBackup(directory.path(), { stamp });
	const fields = JSON.parse(await readFile(manifestPath(path), 'utf8')) as Record<string, unknown>;
	await writeFile(manifestPath(path), JSON.stringify(change(fields)));
	return path;
}

describe('a manifest that cannot be judged', () => {
	type Put = (manifest: string) => unknown;
	const places: Array<[name: string, put: Put, problem: RegExp]> = [
		['a directory in its place', (path) => mkdir(path), /it is not a regular file/],
		['a pipe in its place', (path) => execFileSync('mkfifo', [path]), /it is not a regular file/],
		[
			'a device in its place',
			(path) => execFileSync('mknod', [path, 'c', '1', '5']),
			/it is not a regular file/,
		],
		['a link in its place', (path) => symlink('/dev/zero', path), /it is a link/],
		[
			'more bytes than a manifest has',
			async (path) => {
				await writeFile(path, '');
				await truncate(path, 32 * 1024 * 1024 + 1);
			},
			/it has 33554433 bytes, 33554432 at most are read/,
		],
		['no bytes', (path) => writeFile(path, ''), /it is empty/],
		['half of its bytes', (path) => writeFile(path, '{"schemaVersion": 1,'), /it is not JSON/],
		[
			'other bytes than UTF-8',
			(path) => writeFile(path, Buffer.from([0xff, 0xfe, 0x7b, 0])),
			/it is not UTF-8/,
		],
		['a list in it', (path) => writeFile(path, '[]'), /it is not an object/],
		['null in it', (path) => writeFile(path, 'null'), /it is not an object/],
		['a hundred thousand lists in lists', (path) => writeFile(path, '['.repeat(100_000)), /it is not JSON/],
	];

	it.each(places)(
		'is unreadable with %s, and says why; the others are listed',
		async (_name, put, problem) => {
			const path = await writeBackup(directory.path(), { stamp });
			await writeBackup(directory.path(), { stamp: '20261102_020000' });
			await rm(manifestPath(path));
			await put(manifestPath(path));
			const entries = await catalog();
			expect(entries.map(({ state }) => state)).toEqual(['good', 'unreadable']);
			expect(entries[1]!.problem).toMatch(problem);
			await expect(readManifest(path)).rejects.toMatchObject({ code: 'unreadable' });
		},
	);

	const wrong: Array<[field: string, change: object]> = [
		['schemaVersion', { schemaVersion: '1' }],
		['schemaVersion', { schemaVersion: 0 }],
		['component', { component: 'mysql' }],
		['component', { component: ['postgres'] }],
		['artifact', { artifact: '../../../etc/passwd' }],
		['artifact', { artifact: '..' }],
		['artifact', { artifact: 5 }],
		['storedBytes', { storedBytes: '5' }],
		['storedBytes', { storedBytes: -1 }],
		['storedBytes', { storedBytes: 1.5 }],
		['rawBytes', { rawBytes: 1e300 }],
		['rawBytes', { rawBytes: null }],
		['sha256', { sha256: 'abc' }],
		['startedAt', { startedAt: 'yesterday' }],
		['startedAt', { startedAt: '2026-13-45T00:00:00Z' }],
		['finishedAt', { finishedAt: {} }],
		['timeZone', { timeZone: 1 }],
		['source', { source: null }],
		['source.database', { source: { database: ['n8n'] } }],
		['engine', { engine: 'built-in' }],
		['engine.name', { engine: { name: 'magic', version: '1' } }],
		['compression', { compression: 'rot13' }],
		['census', { census: [] }],
		['census.kind', { census: { kind: 'mysql' } }],
		['census.rows', { census: { kind: 'postgres', tables: {}, rows: '0' } }],
		['census.tables.public.a', { census: { kind: 'postgres', tables: { 'public.a': 'many' }, rows: 0 } }],
		['census.tables', { census: { kind: 'postgres', tables: 7, rows: 0 } }],
		['warnings', { warnings: 'none' }],
		['warnings.1', { warnings: ['one', {}] }],
		['copies.0.place', { copies: [{ at: '2026-11-02T00:00:00Z', lastSeenAt: '2026-11-02T00:00:00Z' }] }],
		[
			'census.databases.1.tables.user',
			{
				census: {
					...{ kind: 'tar', entries: 1, bytes: 1, skipped: 0, changed: [], vanished: [], sqlite: [] },
					databases: [
						{ path: 'a', check: 'passed', tables: { user: 1 } },
						{ path: 'b', check: 'passed', tables: { user: -1 } },
					],
				},
			},
		],
		['drill.findings.0', { drill: { at: '2026-11-02T00:00:00Z', result: 'failed', findings: [7] } }],
		['instanceId', { instanceId: 7 }],
		['encryptionKey', { encryptionKey: 'of-the-house' }],
		['verification.result', { verification: { at: '2026-11-02T00:00:00Z', result: 'maybe', findings: [] } }],
		[
			'verification.findings',
			{ verification: { at: '2026-11-02T00:00:00Z', result: 'failed', findings: 'x' } },
		],
		['drill', { drill: 'passed' }],
		['packageVersion', { packageVersion: undefined }],
	];

	it.each(wrong)('is unreadable when its field %s is wrong: %j', async (field, change) => {
		await writeWith((fields) => ({ ...fields, ...change }));
		const [entry] = await catalog();
		expect(entry).toMatchObject({ state: 'unreadable' });
		expect(entry!.manifest).toBeUndefined();
		expect(entry!.problem).toContain(`its field ${field} is wrong (`);
	});

	it('is unreadable when it has more values than any manifest, of which a few bytes each make gigabytes', async () => {
		const path = await writeBackup(directory.path(), { stamp });
		const text = await readFile(manifestPath(path), 'utf8');
		await writeFile(manifestPath(path), text.replace('{', `{"more": [${'{},'.repeat(200_000)}0],`));
		expect(await catalog()).toMatchObject([
			{ state: 'unreadable', problem: expect.stringContaining('it has more than 300000 values') as string },
		]);
	});

	it('is read with as many tables as a server can have at all', async () => {
		const path = await writeBackup(directory.path(), { stamp });
		const manifest = JSON.parse(await readFile(manifestPath(path), 'utf8')) as { census: { tables: object } };
		manifest.census.tables = Object.fromEntries(
			Array.from({ length: 200_000 }, (_, i) => [`public.t${i}`, i]),
		);
		await writeFile(manifestPath(path), JSON.stringify(manifest));
		expect(await catalog()).toMatchObject([{ state: 'good' }]);
	});

	it('is unreadable when it would change what every object has', async () => {
		const path = await writeBackup(directory.path(), { stamp });
		const text = await readFile(manifestPath(path), 'utf8');
		await writeFile(manifestPath(path), text.replace('{', '{"__proto__": {"instanceId": "x"},'));
		expect(await catalog()).toMatchObject([
			{ state: 'unreadable', problem: expect.stringContaining('it has a field __proto__') as string },
		]);
		expect(({} as { instanceId?: string }).instanceId).toBeUndefined();
	});
});

describe('a pair that was renamed by hand', () => {
	it('is unreadable, not contradicted: nothing is wrong with it', async () => {
		const path = await writeBackup(directory.path(), { stamp });
		const renamed = directory.path('postgres', 'old_20261101_020000.sql.gz');
		await rename(path, renamed);
		await rename(manifestPath(path), manifestPath(renamed));
		expect(await catalog()).toMatchObject([
			{ state: 'unreadable', problem: `Its manifest is that of ${basename(path)}.` },
		]);
	});
});

describe('a manifest that is strange but readable', () => {
	it('is read over a byte order mark', async () => {
		const path = await writeBackup(directory.path(), { stamp });
		const text = await readFile(manifestPath(path), 'utf8');
		await writeFile(manifestPath(path), `\uFEFF${text}`);
		expect(await catalog()).toMatchObject([{ state: 'good' }]);
	});

	it('is read as far as it can be when a newer version wrote it', async () => {
		await writeWith((fields) => ({
			...fields,
			schemaVersion: 2,
			census: { kind: 'vector', shards: 3 },
			engine: { name: 'agent', version: '9' },
			source: 'postgresql://db',
			drill: { outcome: 'fine' },
			parts: ['a', 'b'],
		}));
		expect(await catalog()).toMatchObject([
			{
				state: 'good',
				manifest: {
					schemaVersion: 2,
					census: { kind: 'unknown' },
					engine: { name: 'unknown' },
					source: {},
					drill: undefined,
					parts: ['a', 'b'],
				},
			},
		]);
	});

	it.each([
		['storedBytes', { storedBytes: [5, 6] }],
		['verification.result', { verification: { at: '2026-11-02T00:00:00Z', result: 'partly', findings: [] } }],
	])('is unreadable when a newer version wrote what cannot be judged without: %s', async (field, change) => {
		await writeWith((fields) => ({ ...fields, schemaVersion: 2, ...change }));
		const [entry] = await catalog();
		expect(entry).toMatchObject({ state: 'unreadable' });
		expect(entry!.problem).toContain(`its field ${field} is wrong`);
	});

	it.each([1, 2])(
		'keeps what we do not know when a manifest is written into it, in schema version %i',
		async (version) => {
			const strange = { schemaVersion: version, furtherWrapping: { recipients: ['age1…'] } };
			const newer = version === 1 ? {} : { census: { kind: 'vector', shards: 3 }, engine: 'agent' };
			const path = await writeWith((fields) => ({
				...fields,
				...strange,
				...newer,
				source: { host: 'db', cluster: 'blue' },
			}));
			const before = JSON.parse(await readFile(manifestPath(path), 'utf8')) as object;
			const record = toCheckRecord({ result: 'passed', checks: [] }, new Date('2026-11-02T00:00:00Z'));
			expect(await recordChecks(path, 'verification', record)).toBe(true);
			const after = JSON.parse(await readFile(manifestPath(path), 'utf8')) as object;
			expect(after).toEqual({ ...before, verification: record });
		},
	);

	it('may have a second name, as a backup of the backups by hard links gives it', async () => {
		const path = await writeBackup(directory.path(), { stamp });
		await link(manifestPath(path), directory.path('second'));
		expect(await catalog()).toMatchObject([{ state: 'good' }]);
	});
});

describe('a manifest of very many tables', () => {
	const of = async (tables: number, name: (index: number) => string) => {
		const manifest = await readManifest(await writeBackup(directory.path(), { stamp }));
		const names = Array.from({ length: tables }, (_, index) => [name(index), 1] as const);
		return { ...manifest, census: { kind: 'postgres', tables: Object.fromEntries(names), rows: tables } };
	};

	it('is read again with as many as are written', async () => {
		const tables = 299_970;
		const manifest = await of(tables, String);
		const { document } = parseManifest(Buffer.from(serializeManifest(manifest)), 'it');
		expect(Object.keys((document.census as typeof manifest.census).tables)).toHaveLength(tables);
	});

	it.each([
		['too many values', 300_001, 10],
		['too many bytes', 280_000, 120],
	])('is refused before the backup has its name: %s', async (_, tables, letters) => {
		const manifest = await of(tables, (index) => String(index).padStart(letters, 't'));
		expect(() => serializeManifest(manifest)).toThrow(
			`The manifest of n8n_${stamp}.sql.gz would list more tables than one backup can have. Back up the schemas of this database one by one, each with a prefix of its own.`,
		);
	});
});
