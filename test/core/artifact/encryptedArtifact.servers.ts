import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import {
	type Artifact,
	type Component,
	components,
	type CompressionMethod,
	compressionMethods,
	compressionOf,
	createArtifact,
	readCatalog,
	readManifest,
	type SourceFacts,
} from '../../../core/artifact';
import { readArtifact } from '../../../core/artifact/readArtifact';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { ageDecrypt, ageKeygen } from '../../support/age';
import { dumpText, makeBackups } from '../../support/makeBackups';
import { expectSameBytes } from '../../support/sameBytes';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const never = new AbortController().signal;
const keys = ageKeygen();

const decompress: Record<CompressionMethod, (bytes: Buffer) => Buffer> = {
	none: (bytes) => bytes,
	gzip: (input) => execFileSync('gzip', ['-dc'], { input }),
	zstd: (input) => execFileSync('zstd', ['-dc'], { input }),
};

async function readRaw({ path, manifest }: Artifact): Promise<Buffer> {
	const pieces: Buffer[] = [];
	const request = {
		path,
		compression: manifest.compression,
		keys: { identities: [keys.identity] },
	};
	await readArtifact(
		request,
		async (raw) => {
			for await (const piece of raw) pieces.push(Buffer.from(piece));
		},
		never,
	);
	return Buffer.concat(pieces);
}

describe.each(compressionMethods)('encrypted backups (%s)', (compression) => {
	let root: string;
	let made: Record<Component, Artifact>;

	beforeAll(async () => {
		root = join(await mkdtemp(join(tmpdir(), 'n8n-backup-encrypted-')), 'backups');
		await mkdir(root);
		made = await makeBackups(root, compression, { recipients: [keys.recipient] });
	});

	afterAll(async () => {
		await rm(dirname(root), { recursive: true, force: true });
	});

	it.each(components)(
		'age’s own program opens that of %s and finds what was backed up',
		async (component) => {
			const { path, manifest } = made[component];

			const plain = decompress[manifest.compression](await ageDecrypt(path, keys.identity));

			expect(plain.length).toBe(manifest.rawBytes);
			expectSameBytes(await readRaw(made[component]), plain);
			if (component === 'postgres') expect(plain.toString()).toBe(dumpText);
			if (component === 'env') expect(plain.toString()).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
			if (component === 'n8n') {
				const listed = execFileSync('tar', ['-t'], { input: plain, encoding: 'utf8' });
				expect(listed).toMatch(/^config$/m);
			}
		},
	);

	it('are known by their names, and their manifests say for whom they are', async () => {
		const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[compression];
		const entries = await readCatalog({ root, timeZone: 'utc' });

		expect(entries.map(({ component, state }) => ({ component, state }))).toEqual(
			components.map((component) => ({ component, state: 'good' })),
		);
		expect(basename(made.postgres.path)).toMatch(
			new RegExp(`^postgres_\\d{8}_\\d{6}\\.sql\\${suffix || '.'}${suffix ? '\\.age' : 'age'}$`),
		);
		expect(basename(made.redis.path)).toMatch(/^redis_\d{8}_\d{6}\.rdb\.age$/);
		expect(basename(made.env.path)).toMatch(/^env_\d{8}_\d{6}\.backup\.age$/);
		expect(compressionOf(made.n8n.path)).toBe(compression);
		for (const { path } of Object.values(made)) {
			await expect(readManifest(path)).resolves.toMatchObject({
				encryption: { format: 'age', recipients: [`${keys.recipient.slice(0, 16)}…`] },
			});
		}
	});

	it('size and SHA-256 are those of the stored bytes', async () => {
		for (const { path, manifest } of Object.values(made)) {
			const stored = await readFile(path);
			expect(manifest.storedBytes).toBe(stored.length);
			expect(manifest.sha256).toBe(createHash('sha256').update(stored).digest('hex'));
		}
	});

	it('nothing of what is in them is in the file, nor anywhere else in the backup directory', async () => {
		for (const { path } of Object.values(made)) {
			const stored = await readFile(path, 'latin1');
			for (const text of ['Restore drill', 'of-the-test', 'encryptionKey', 'ustar', 'REDIS', 'bull:jobs'])
				expect(stored).not.toContain(text);
			expect(await readFile(`${path}.manifest.json`, 'latin1')).not.toContain('of-the-test');
		}
	});
});

const facts: SourceFacts = {
	source: {},
	engine: { name: 'built-in', version: '1' },
	census: { kind: 'file' },
	warnings: [],
};

describe('making an encrypted backup', () => {
	const request = {
		root: directory.path(),
		component: 'env' as const,
		prefix: 'env',
		extension: 'backup',
		compression: { method: 'none' as const },
		timeZone: 'utc',
		step: 'Copying',
	};

	it('for something that is no recipient fails before the source is opened', async () => {
		let isOpened = false;
		const open = async () => {
			isOpened = true;
			return await Promise.reject(new Error('not to be opened'));
		};
		const encryption = { recipients: ['age1nobody'] };

		await expect(
			createArtifact({ ...request, root: directory.path(), encryption }, open, never),
		).rejects.toMatchObject({
			code: 'bad-parameter',
			message: expect.stringMatching(/^“age1nobody” is no age recipient\. /),
		});
		expect(isOpened).toBe(false);
	});

	it('that fails leaves nothing', async () => {
		const open = async () => {
			const stream = Readable.from(
				(function* () {
					for (let piece = 0; piece < 50; piece++) yield Buffer.alloc(100_000, piece);
					throw new Error('the source broke');
				})(),
				{ objectMode: false },
			);
			return await Promise.resolve({ stream, finished: new Promise<SourceFacts>(() => {}) });
		};
		const encryption = { recipients: [keys.recipient] };
		const cancelling = new AbortController();
		const failing = createArtifact(
			{ ...request, root: directory.path(), encryption },
			async (signal) => {
				const source = await open();
				source.stream.once('error', () => setImmediate(() => cancelling.abort()));
				const finished = new Promise<SourceFacts>((_, reject) => {
					signal.addEventListener('abort', () => reject(new Error('ended')));
				});
				return { ...source, finished };
			},
			cancelling.signal,
		);

		await expect(failing).rejects.toMatchObject({ name: 'BackupError' });
		expect(await readdir(directory.path('env'))).toEqual([]);
	});

	it('of any size is what age reads, also at the edges of chunks', async () => {
		const chunk = 64 * 1024;
		for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 16 * chunk, 40 * chunk + 7]) {
			const plain = Buffer.alloc(size, 'edges of chunks ');
			const open = async () =>
				await Promise.resolve({
					stream: Readable.from(size > 0 ? [plain] : [], { objectMode: false }),
					finished: Promise.resolve(facts),
				});
			const encryption = { recipients: [keys.recipient] };
			const { path } = await createArtifact({ ...request, root: directory.path(), encryption }, open, never);
			expectSameBytes(await ageDecrypt(path, keys.identity), plain);
			await rm(path);
		}
	});

	it('is read back from the disk and compared before it gets its name', async () => {
		await mkdir(directory.path('data'));
		const open = archiveDirectory({ directory: directory.path('data') });
		const encryption = { recipients: [keys.recipient] };
		const archive = { ...request, component: 'n8n' as const, extension: 'tar', encryption };
		const refusing = async (signal: AbortSignal) => ({
			...(await open(signal)),
			readBack: require.resolve('./support/refusingReadBack.cjs'),
		});

		await expect(createArtifact({ ...archive, root: directory.path() }, refusing, never)).rejects.toThrow(
			/bytes are not what they should be/,
		);
		expect(await readdir(directory.path('n8n'))).toEqual([]);
	});
});
