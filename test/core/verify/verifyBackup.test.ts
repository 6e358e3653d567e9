import { createHash } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
	type Artifact,
	type Component,
	type CompressionMethod,
	components,
	compressionMethods,
	manifestPath,
	readManifest,
} from '../../../core/artifact';
import { componentOf } from '../../../core/verify/componentOf';
import { verifyBackup } from '../../../core/verify/verifyBackup';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const signal = new AbortController().signal;

/** Made once; each test works on copies. */
let home: string;
const made: Partial<Record<CompressionMethod, Record<Component, Artifact>>> = {};

beforeAll(async () => {
	home = await mkdtemp(join(tmpdir(), 'n8n-backup-verify-'));
	for (const compression of compressionMethods) {
		await mkdir(join(home, compression, 'backups'), { recursive: true });
		made[compression] = await makeBackups(join(home, compression, 'backups'), compression);
	}
});

afterAll(async () => {
	await rm(home, { recursive: true, force: true });
});

/** A copy of a backup with its manifest, in the test's own directory. */
async function copyOf(component: Component, compression: CompressionMethod = 'gzip'): Promise<Artifact> {
	const { path, manifest } = made[compression]![component];
	const copy = directory.path(basename(path));
	await copyFile(path, copy);
	await copyFile(manifestPath(path), manifestPath(copy));
	return { path: copy, manifest };
}

/** Verifies, and gives what every check said, by its name. */
async function verify(path: string, { record = true } = {}) {
	const report = await verifyBackup({ path, record }, signal);
	const said = Object.fromEntries(report.checks.map(({ check, result }) => [check, result]));
	const faults = report.checks.filter(({ result }) => result === 'failed').map(({ detail }) => detail);
	return { ...report, said, faults: faults.join(' ') };
}

/** Makes the manifest fit the file again, as somebody who forges a backup would, apart from what is inside. */
async function repairManifest({ path, manifest }: Artifact, raw: Buffer) {
	const stored = await readFile(path);
	const sha256 = createHash('sha256').update(stored).digest('hex');
	const repaired = { ...manifest, sha256, storedBytes: stored.length, rawBytes: raw.length };
	await writeFile(manifestPath(path), JSON.stringify(repaired));
}

/** Rewrites the dump inside an artifact, so that everything around it fits. */
async function forgeDump(edit: (dump: string) => string): Promise<string> {
	const artifact = await copyOf('postgres');
	const raw = edit(gunzipSync(await readFile(artifact.path)).toString());
	await writeFile(artifact.path, gzipSync(raw));
	await repairManifest(artifact, Buffer.from(raw));
	return artifact.path;
}

async function forgeCensus(component: Component, change: object): Promise<string> {
	const { path, manifest } = await copyOf(component);
	const census = { ...manifest.census, ...change };
	await writeFile(manifestPath(path), JSON.stringify({ ...manifest, census }));
	return path;
}

describe.each(compressionMethods)('verifying a backup (%s)', (compression) => {
	it.each(components)('passes a good one of %s and writes that into its manifest', async (component) => {
		const { path } = await copyOf(component, compression);
		const { result, said, recorded } = await verify(path);
		expect([result, recorded]).toEqual(['passed', true]);
		expect(Object.values(said)).not.toContain('unknown');
		expect((await readManifest(path)).verification).toMatchObject({ result: 'passed' });
	});

	it.each(components)('finds a bit that was flipped anywhere in %s', async (component) => {
		const { path } = await copyOf(component, compression);
		const original = await readFile(path);
		const step = Math.max(1, Math.floor(original.length / 24));
		for (let at = 0; at < original.length; at += step) {
			const damaged = Buffer.from(original);
			damaged[at]! ^= 1 << (at % 8);
			await writeFile(path, damaged);
			const { result, said } = await verify(path, { record: false });
			expect([at, result, said.sha256]).toEqual([at, 'failed', 'failed']);
		}
	});

	it.each(components)('finds a cut at any point of %s', async (component) => {
		const { path } = await copyOf(component, compression);
		const original = await readFile(path);
		const step = Math.max(1, Math.floor(original.length / 12));
		for (let length = original.length - 1; length >= 0; length -= step) {
			await truncate(path, length);
			const { result, said } = await verify(path, { record: false });
			expect([length, result, said.size]).toEqual([length, 'failed', 'failed']);
		}
	});

	it.each(['postgres', 'redis', 'n8n'] as const)(
		'finds a cut of %s without a manifest',
		async (component) => {
			const { path } = await copyOf(component, compression);
			await rm(manifestPath(path));
			await truncate(path, Math.floor((await readFile(path)).length * 0.3));
			expect((await verify(path)).result).toBe('failed');
		},
	);

	it.each(components)('says of an empty file of %s that it is empty', async (component) => {
		const { path } = await copyOf(component, compression);
		await truncate(path);
		expect((await verify(path)).faults).toContain('The file is empty.');
	});

	it.each(components)('finds bytes that were appended to %s', async (component) => {
		const { path } = await copyOf(component, compression);
		await appendFile(path, 'more');
		expect((await verify(path)).result).toBe('failed');
	});

	it.each(components)(
		'verifies %s without a manifest and says what it then cannot know',
		async (component) => {
			const { path } = await copyOf(component, compression);
			await rm(manifestPath(path));
			const { result, said, recorded } = await verify(path);
			expect([result, recorded]).toEqual(['passed', false]);
			expect(said).toMatchObject({ manifest: 'unknown', size: 'unknown', sha256: 'unknown' });
		},
	);
});

describe('what a verification says', () => {
	it('names the file whose manifest lies beside it instead of its own', async () => {
		const [{ path }, other] = [await copyOf('postgres'), await copyOf('redis')];
		await copyFile(manifestPath(other.path), manifestPath(path));
		const { result, faults, recorded } = await verify(path);
		expect([result, recorded]).toEqual(['failed', false]);
		expect(faults).toContain(`The manifest is that of another file, ${basename(other.path)}.`);
	});

	it('says that both were renamed when every byte is what the manifest says', async () => {
		const { path } = await copyOf('redis');
		const renamed = join(dirname(path), 'renamed_20261101_020000.rdb');
		await copyFile(path, renamed);
		await copyFile(manifestPath(path), manifestPath(renamed));
		const { result, checks, recorded } = await verify(renamed);
		expect([result, recorded]).toEqual(['passed', false]);
		const detail = `The manifest knows this file as ${basename(path)}.`;
		expect(checks[0]).toEqual({ check: 'manifest', result: 'unknown', detail });
	});

	it('is unknown with a manifest that cannot be read, and leaves it alone', async () => {
		const { path } = await copyOf('env');
		await writeFile(manifestPath(path), '{"schemaVersion": 1');
		const { result, checks, recorded } = await verify(path);
		expect([result, recorded]).toEqual(['unknown', false]);
		const said = checks.find(({ check }) => check === 'manifest');
		expect(said).toMatchObject({ result: 'unknown' });
		expect(said!.detail).toMatch(/is not a manifest that can be relied on: it is not JSON/);
		expect(await readFile(manifestPath(path), 'utf8')).toBe('{"schemaVersion": 1');
	});

	it('tells which table has lost rows, even where size and checksum were made to fit', async () => {
		const path = await forgeDump((dump) => dump.replace('2\tRestore drill\n', ''));
		expect((await verify(path)).faults).toBe('public.workflow_entity has 1 rows instead of 2.');
	});

	it('tells of a dump without its last line, even where size and checksum were made to fit', async () => {
		const path = await forgeDump((dump) => dump.replace('-- PostgreSQL database dump complete', '--'));
		expect((await verify(path)).faults).toContain('The dump ends without its last line');
	});

	it('tells of an RDB whose own checksum does not hold, even where the manifest was made to fit', async () => {
		const artifact = await copyOf('redis');
		const content = await readFile(artifact.path);
		content[content.indexOf('bull')]! ^= 0x20;
		await writeFile(artifact.path, content);
		await repairManifest(artifact, content);
		const { result, said } = await verify(artifact.path);
		expect([result, said.content]).toEqual(['failed', 'failed']);
	});

	it('tells of keys that are missing', async () => {
		const path = await forgeCensus('redis', { keys: 5 });
		expect((await verify(path)).faults).toBe('1 keys where the manifest says 5.');
	});

	it('tells of a tar that holds less than was written', async () => {
		const path = await forgeCensus('n8n', { entries: 99 });
		expect((await verify(path)).faults).toMatch(
			/^\d+ entries with \d+ bytes where the manifest says 99 entries/,
		);
	});

	it('does not write anything when asked not to', async () => {
		const { path } = await copyOf('env');
		expect((await verify(path, { record: false })).recorded).toBe(false);
		expect((await readManifest(path)).verification).toBeUndefined();
	});

	it('reports bytes while it reads', async () => {
		const seen: Array<[number, number | undefined]> = [];
		const { path, manifest } = await copyOf('postgres');
		await verifyBackup(
			{ path, onProgress: ({ rawBytes, totalBytes }) => seen.push([rawBytes, totalBytes]) },
			signal,
		);
		expect(seen.at(-1)).toEqual([manifest.rawBytes, manifest.rawBytes]);
	});

	it('throws when there is no such file', async () => {
		await expect(verifyBackup({ path: directory.path('none.sql') }, signal)).rejects.toMatchObject({
			code: 'not-found',
			what: `${directory.path('none.sql')} does not exist.`,
		});
	});

	it('ends when it is cancelled, and writes no verdict', async () => {
		const { path } = await copyOf('postgres');
		await expect(verifyBackup({ path }, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
		expect((await readManifest(path)).verification).toBeUndefined();
	});
});

describe('the component of a file', () => {
	it.each([
		['/b/postgres/n8n_20261123_020000.sql.gz', 'postgres'],
		['dump.sql', 'postgres'],
		['/tmp/n8n.sql.zst', 'postgres'],
		['dump.rdb', 'redis'],
		['n8n_data.tar.gz', 'n8n'],
		['data.tgz', 'n8n'],
		['data.tar.zst', 'n8n'],
		['env_20261123_020000.backup', 'env'],
		['/b/redis/what.is.this', 'redis'],
	])('of %s is %s', (path, component) => {
		expect(componentOf(path)).toBe(component);
	});

	it('is not guessed', () => {
		expect(() => componentOf('/b/photo.jpg')).toThrow(
			'/b/photo.jpg does not look like one of our backups. Name a .sql, .rdb, .tar or .backup file, compressed and encrypted or not.',
		);
	});
});
