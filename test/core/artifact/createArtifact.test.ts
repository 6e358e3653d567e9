import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import {
	type ArtifactRequest,
	createArtifact,
	type OpenSource,
	type Progress,
	readCatalog,
	readManifest,
	type Source,
	type SourceFacts,
} from '../../../core/artifact';
import { BackupError, cancelledError } from '../../../core/errors';
import { eventually } from '../../../lab/eventually';
import { expectSameBytes } from '../../support/sameBytes';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const never = new AbortController().signal;

const facts: SourceFacts = {
	source: { host: 'db', port: 5432, database: 'n8n', serverVersion: '16.14' },
	engine: { name: 'built-in', version: '18.3' },
	census: { kind: 'postgres', tables: { 'public.a': 1 }, rows: 1 },
	warnings: [],
};

function request(more: Partial<ArtifactRequest> = {}): ArtifactRequest {
	return {
		root: directory.path(),
		component: 'postgres',
		prefix: 'n8n',
		extension: 'sql',
		compression: { method: 'gzip' },
		timeZone: 'Europe/Berlin',
		step: 'Dumping n8n',
		...more,
	};
}

/** Opens a source of these chunks, which gives its facts when they have been read. */
function opening(chunks: Iterable<Buffer>, more: Partial<Source> = {}): OpenSource {
	return async () => {
		const stream = Readable.from(chunks, { objectMode: false });
		const finished = new Promise<SourceFacts>((resolve, reject) => {
			stream.once('end', () => resolve(facts));
			stream.once('error', reject);
		});
		finished.catch(() => {});
		return await Promise.resolve({ stream, finished, ...more });
	};
}

/** What Jest's fake timers leave alone, so that only dates are theirs. */
const notTheClock: FakeableAPI[] = [
	...(['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
	...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
	...(['setTimeout', 'clearTimeout'] as const),
];

const lines = Array.from({ length: 3000 }, (_unused, i) => Buffer.from(`line ${i} ${'x'.repeat(1000)}\n`));
const namesLeft = async () => await readdir(directory.path('postgres'));

describe('making an artifact', () => {
	it('leaves the compressed bytes and a manifest that fits them', async () => {
		const { path, manifest } = await createArtifact(request(), opening(lines), never);

		const stored = await readFile(path);
		expectSameBytes(gunzipSync(stored), Buffer.concat(lines));
		expect(manifest).toMatchObject({
			...facts,
			schemaVersion: 1,
			component: 'postgres',
			storedBytes: stored.length,
			rawBytes: Buffer.concat(lines).length,
			sha256: createHash('sha256').update(stored).digest('hex'),
			timeZone: 'Europe/Berlin',
			compression: 'gzip',
		});
		expect(await readManifest(path)).toEqual(JSON.parse(JSON.stringify(manifest)));
		expect(path).toBe(directory.path('postgres', manifest.artifact));
		expect(manifest.artifact).toMatch(/^n8n_\d{8}_\d{6}\.sql\.gz$/);
		expect(await namesLeft()).toHaveLength(2);
	});

	it('lets only the owner see the files and their directory', async () => {
		const { path } = await createArtifact(request(), opening(lines), never);
		const modes = [directory.path('postgres'), path, `${path}.manifest.json`].map(
			async (file) => (await stat(file)).mode & 0o777,
		);
		expect(await Promise.all(modes)).toEqual([0o700, 0o600, 0o600]);
	});

	it('reports progress in raw bytes', async () => {
		const seen: number[] = [];
		await createArtifact(
			request({ onProgress: ({ rawBytes }) => seen.push(rawBytes) }),
			opening(lines),
			never,
		);
		expect(seen.at(-1)).toBe(Buffer.concat(lines).length);
		expect(seen).toEqual([...seen].sort((a, b) => a - b));
	});

	it('reports about how much there will be: as much as is expected, else as much as the source says', async () => {
		const totals = async (expectedBytes?: number) => {
			const seen = new Set<string>();
			const onProgress = ({ totalBytes, isEstimate }: Progress) => seen.add(`${totalBytes} ${isEstimate}`);
			await createArtifact(
				request({ onProgress, expectedBytes }),
				opening(lines, { expectedBytes: 7_000_000 }),
				never,
			);
			return [...seen];
		};
		expect(await totals()).toEqual(['7000000 true']);
		expect(await totals(8_000_000)).toEqual(['8000000 true']);
	});

	it('has the file read back as the source says before it has its name', async () => {
		const readBack = require.resolve('./support/waitingReadBack.cjs');
		const goOn = directory.path('go-on');
		const finished = Promise.resolve({ ...facts, source: { path: goOn } });
		const made = createArtifact(request(), opening(lines, { readBack, finished }), never);
		await eventually(async () =>
			expect(await namesLeft()).toEqual([expect.stringMatching(/^\.n8n_.*\.sql\.gz\.partial$/)]),
		);
		await writeFile(goOn, '');
		await made;
		expect(await namesLeft()).toHaveLength(2);
	});

	describe('leaves nothing behind', () => {
		const failed = new BackupError('server', 'The server died half way', { advice: 'Start it again' });

		async function failing(open: OpenSource, signal = never): Promise<string> {
			const error: unknown = await createArtifact(request(), open, signal).then(
				() => undefined,
				(reason: unknown) => reason,
			);
			expect(await namesLeft()).toEqual([]);
			return (error as Error).message;
		}

		it('when the source cannot be opened', async () => {
			expect(await failing(async () => await Promise.reject(failed))).toBe(
				'The server died half way. Start it again.',
			);
		});

		it('when the stream fails half way, and tells the source’s own reason', async () => {
			async function* dying() {
				yield* lines.slice(0, 100);
				await Promise.resolve();
				throw failed;
			}
			const open = async () => {
				const stream = Readable.from(dying(), { objectMode: false });
				const finished = new Promise<SourceFacts>((_resolve, reject) => stream.once('error', reject));
				return await Promise.resolve({ stream, finished });
			};
			expect(await failing(open)).toBe('The server died half way. Start it again.');
		});

		it('when the bytes cannot be processed, and does not blame the source that was told to stop', async () => {
			async function* breaking() {
				yield* lines.slice(0, 100);
				await Promise.resolve();
				throw new Error('unexpected');
			}
			const open: OpenSource = async (signal) => {
				const stream = Readable.from(breaking(), { objectMode: false });
				const finished = new Promise<SourceFacts>((_resolve, reject) => {
					signal.addEventListener('abort', () => reject(cancelledError(signal.reason)));
				});
				finished.catch(() => {});
				return await Promise.resolve({ stream, finished });
			};
			expect(await failing(open)).toBe(
				'The backup’s bytes ended before they were whole. Run it again; if it happens again, look into the source’s own log.',
			);
		});

		it('when all bytes came but the source does not say that they are whole', async () => {
			const open = opening(lines, { finished: Promise.reject(failed) });
			expect(await failing(open)).toBe('The server died half way. Start it again.');
		});

		it('when the written file is read back and is wrong', async () => {
			const readBack = require.resolve('./support/refusingReadBack.cjs');
			const bytes = Buffer.concat(lines).length;
			expect(await failing(opening(lines, { readBack }))).toBe(
				`${bytes} bytes are not what they should be. Run it again.`,
			);
		});

		it('when it is cancelled half way', async () => {
			const controller = new AbortController();
			function* endless() {
				for (let i = 0; ; i += 1) {
					if (i === 100) controller.abort();
					yield Buffer.alloc(1000, i);
				}
			}
			expect(await failing(opening(endless()), controller.signal)).toBe(
				'The run was cancelled before it was finished. Nothing was kept of it; start it again when you want it.',
			);
		});
	});

	it('refuses to start when it is already cancelled', async () => {
		await expect(createArtifact(request(), opening(lines), AbortSignal.abort())).rejects.toThrow(
			'The run was cancelled',
		);
	});

	describe('when the name of its second is taken', () => {
		const summerTimeEnds = new Date('2026-10-25T00:30:00Z');
		const nextHour = new Date(summerTimeEnds.getTime() + 3600_000);
		const clock = (now: Date) => jest.useFakeTimers({ now, doNotFake: notTheClock });
		afterEach(() => jest.useRealTimers());

		it('takes the next free second in the hour that comes twice, and tells the true time', async () => {
			clock(summerTimeEnds);
			const first = await createArtifact(request(), opening(lines), never);
			clock(nextHour);
			const second = await createArtifact(request(), opening(lines), never);

			expect(basename(first.path)).toBe('n8n_20261025_023000.sql.gz');
			expect(basename(second.path)).toBe('n8n_20261025_023001.sql.gz');
			expect(second.manifest.artifact).toBe('n8n_20261025_023001.sql.gz');
			expect(second.manifest.startedAt).toBe('2026-10-25T01:30:00.000Z');
			const catalog = await readCatalog({ root: directory.path(), timeZone: 'Europe/Berlin' });
			expect(catalog.map(({ name, state, at }) => [name, state, at])).toEqual([
				['n8n_20261025_023001.sql.gz', 'good', nextHour],
				['n8n_20261025_023000.sql.gz', 'good', summerTimeEnds],
			]);
		});

		it('goes on beside others that start in the same second', async () => {
			clock(summerTimeEnds);
			const four = [1, 2, 3, 4].map(async () => await createArtifact(request(), opening(lines), never));
			const names = (await Promise.all(four)).map(({ path }) => basename(path)).sort();
			expect(names).toEqual([0, 1, 2, 3].map((second) => `n8n_20261025_02300${second}.sql.gz`));
		});

		it.each(['n8n_20261025_023000.sql.gz', 'n8n_20261025_023000.sql.gz.manifest.json'])(
			'leaves %s, which is not ours, as it is',
			async (taken) => {
				await mkdir(directory.path('postgres'));
				await writeFile(directory.path('postgres', taken), 'mine');
				clock(summerTimeEnds);
				const { path } = await createArtifact(request(), opening(lines), never);
				expect(basename(path)).toBe('n8n_20261025_023001.sql.gz');
				expect(await readFile(directory.path('postgres', taken), 'utf8')).toBe('mine');
			},
		);

		it('gives up after a minute of names, replaces nothing and says what is in the way', async () => {
			await mkdir(directory.path('postgres'));
			const taken = [...Array(61).keys()].map((second) => {
				const stamp = new Date(summerTimeEnds.getTime() + second * 1000).toISOString();
				return `n8n_${stamp.slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}.sql.gz`;
			});
			for (const name of taken) await writeFile(directory.path('postgres', name), 'mine');
			clock(summerTimeEnds);
			await expect(createArtifact(request({ timeZone: 'utc' }), opening(lines), never)).rejects.toThrow(
				/n8n_20261025_003100\.sql\.gz is already there\. Move that file away/,
			);
			expect((await namesLeft()).sort()).toEqual(taken.sort());
		});
	});

	it('does not make the backup directory, which would hide a missing mount', async () => {
		const root = directory.path('not-mounted');
		await expect(createArtifact(request({ root }), opening(lines), never)).rejects.toThrow(
			`The backup directory ${root} does not exist. Create it, or mount it into the container`,
		);
	});

	it('refuses a link in place of a component’s directory', async () => {
		await mkdir(directory.path('elsewhere'));
		await symlink(directory.path('elsewhere'), directory.path('postgres'));
		await expect(createArtifact(request(), opening(lines), never)).rejects.toThrow(
			`${directory.path('postgres')} is not a directory of its own but a link or a file.`,
		);
	});

	it('takes access away from others where a directory was open to them', async () => {
		await mkdir(directory.path('postgres'));
		await chmod(directory.path('postgres'), 0o755);
		await createArtifact(request(), opening(lines), never);
		expect((await stat(directory.path('postgres'))).mode & 0o777).toBe(0o700);
	});

	it('sweeps what a dead run left, and leaves alone what a living one is writing', async () => {
		await mkdir(directory.path('postgres'));
		const dead = directory.path('postgres', '.n8n_20261101_020000.sql.gz.partial');
		const living = directory.path('postgres', '.crm_20261101_020000.sql.gz.partial');
		await writeFile(dead, 'x');
		await writeFile(living, 'x');
		const tenMinutesAgo = new Date(Date.now() - 600_000);
		await utimes(dead, tenMinutesAgo, tenMinutesAgo);
		await createArtifact(request(), opening(lines), never);
		const names = await namesLeft();
		expect(names).not.toContain('.n8n_20261101_020000.sql.gz.partial');
		expect(names).toContain('.crm_20261101_020000.sql.gz.partial');
	});
});
