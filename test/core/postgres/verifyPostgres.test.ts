import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { CompressionMethod, Manifest } from '../../../core/artifact';
import { manifestIfAny, toCheckRecord, recordChecks } from '../../../core/artifact/verifyArtifact';
import { seekTable } from '../../../core/compression/seekTable';
import { verifyPostgresArtifact } from '../../../core/postgres/verifyPostgres';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
const never = new AbortController().signal;

const head = `SET client_encoding = 'UTF8';
CREATE TABLE public.users (name text);
`;
const rows = `COPY public.users (name) FROM stdin;
one
two
\\.
COPY public.empty  FROM stdin;
\\.
`;
const tail = `
--
-- PostgreSQL database dump complete
--

`;
const dump = head + rows + tail;
const census = {
	kind: 'postgres',
	tables: { 'public.users': 2, 'public.empty': 0 },
	rows: 2,
} as const;

const compressors: Record<CompressionMethod, (text: string) => Buffer> = {
	none: (text) => Buffer.from(text),
	gzip: (text) => gzipSync(text),
	// With the checksum that artifacts have.
	zstd: (text) => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
};

/** What the manifest of those stored bytes says. */
function truth(stored: Buffer, compression: CompressionMethod): Partial<Manifest> {
	const sha256 = createHash('sha256').update(stored).digest('hex');
	return { storedBytes: stored.length, rawBytes: Buffer.byteLength(dump), sha256, compression, census };
}

async function artifact(compression: CompressionMethod = 'gzip', stored = compressors[compression](dump)) {
	const path = await writeBackup(directory.path(), {
		stamp: '20261123_020000',
		manifest: truth(compressors[compression](dump), compression),
	});
	await writeFile(path, stored);
	return { path, manifest: await manifestIfAny(path), compression };
}

const extensions: Record<CompressionMethod, string> = { none: '', gzip: '.gz', zstd: '.zst' };

/** The same artifact without its manifest, under a name that says how it is compressed. */
async function artifactAlone(compression: CompressionMethod): Promise<string> {
	const path = directory.path(`n8n_20261123_020000.sql${extensions[compression]}`);
	await writeFile(path, compressors[compression](dump));
	return path;
}

/** One bit of one byte is another one. */
function flip(whole: Buffer, at: number): Buffer {
	const flipped = Buffer.from(whole);
	flipped[at]! ^= 1 << (at % 8);
	return flipped;
}

const failuresOf = ({ checks }: { checks: Array<{ check: string; result: string; detail: string }> }) =>
	checks.filter(({ result }) => result === 'failed').map(({ check, detail }) => `${check}: ${detail}`);

describe.each(['none', 'gzip', 'zstd'] as const)('a dump with compression %s', (compression) => {
	test('that is as it was written passes every check', async () => {
		const report = await verifyPostgresArtifact(await artifact(compression), never);

		expect(report.result).toBe('passed');
		expect(report.checks.map(({ check, result }) => `${check} ${result}`)).toEqual([
			'manifest passed',
			'size passed',
			'sha256 passed',
			'compression passed',
			'content passed',
			'rows passed',
			'raw size passed',
		]);
		expect(report.checks[5]!.detail).toBe('2 rows in 2 tables, as counted when the dump was made.');
	});

	test('passes without a manifest, and says what then is not known', async () => {
		const path = await artifactAlone(compression);

		const report = await verifyPostgresArtifact({ path }, never);

		expect(report.result).toBe('passed');
		expect(report.checks.map(({ check, result }) => `${check} ${result}`)).toEqual([
			'manifest unknown',
			'size unknown',
			'sha256 unknown',
			'compression passed',
			'content passed',
			'rows unknown',
		]);
	});

	test('that was cut anywhere is found without a manifest, too', async () => {
		const whole = compressors[compression](dump);
		// The last bytes of a plain dump are empty lines, which nobody misses.
		const end = compression === 'none' ? whole.length - '\n--\n\n'.length : whole.length;
		const path = await artifactAlone(compression);
		for (let length = 0; length < end; length++) {
			await writeFile(path, whole.subarray(0, length));

			const report = await verifyPostgresArtifact({ path }, never);

			expect({ length, result: report.result }).toEqual({ length, result: 'failed' });
		}
	});

	test('of which any bit was flipped is found', async () => {
		const whole = compressors[compression](dump);
		const { path, manifest } = await artifact(compression);
		for (let at = 0; at < whole.length; at++) {
			await writeFile(path, flip(whole, at));

			const report = await verifyPostgresArtifact({ path, manifest }, never);

			expect(failuresOf(report)[0]).toMatch(/^sha256: It is [0-9a-f]{64} where the manifest says /);
		}
	});
});

test.each(['gzip', 'zstd'] as const)(
	'a flipped bit in %s is found without a manifest, too, unless the dump inside is the same',
	async (compression) => {
		const whole = compressors[compression](dump);
		const decompress = { gzip: gunzipSync, zstd: zstdDecompressSync }[compression];
		const path = await artifactAlone(compression);
		for (let at = 0; at < whole.length; at++) {
			await writeFile(path, flip(whole, at));

			const report = await verifyPostgresArtifact({ path }, never);

			// Gzip's header has a time and the name of an operating system, which nothing depends on.
			if (report.result === 'passed') expect(decompress(flip(whole, at)).toString()).toBe(dump);
		}
	},
);

describe('each fault has its own message', () => {
	const failuresWith = async (
		stored: Buffer,
		compression: CompressionMethod = 'gzip',
		change: Partial<Manifest> = {},
	) => {
		const { path, manifest } = await artifact(compression, stored);
		const isTrue = { ...manifest!, ...truth(stored, compression), rawBytes: dump.length, ...change };
		return failuresOf(await verifyPostgresArtifact({ path, manifest: isTrue }, never));
	};

	test('an empty file', async () => {
		expect(await failuresWith(Buffer.alloc(0))).toEqual(['content: The file is empty.']);
	});

	test('a size that is not the manifest’s', async () => {
		const size = compressors.gzip(dump).length;
		expect(await failuresWith(compressors.gzip(dump), 'gzip', { storedBytes: 1 })).toEqual([
			`size: The file has ${size} bytes where the manifest says 1.`,
		]);
	});

	test('a cut compressed stream', async () => {
		const { path } = await artifact();
		expect(await failuresWith(compressors.gzip(dump).subarray(0, -1))).toEqual([
			`compression: ${path} ends before its compressed stream does.`,
		]);
	});

	test('a cut between two gzip members', async () => {
		const members = [head + rows.slice(0, 45), rows.slice(45) + tail].map((text) => gzipSync(text));
		expect(await failuresWith(Buffer.concat(members))).toEqual([]);
		expect(await failuresWith(members[0]!)).toEqual([
			'content: The dump ends inside the rows of public.users.',
		]);
	});

	test('a dump without its last line', async () => {
		expect(await failuresWith(compressors.gzip(head + rows))).toEqual([
			'content: The dump ends without its last line, “-- PostgreSQL database dump complete”.',
		]);
	});

	test('something behind the compressed stream', async () => {
		const { path } = await artifact();
		const stored = Buffer.concat([compressors.zstd(dump), Buffer.from('more')]);
		expect(await failuresWith(stored, 'zstd')).toEqual([
			`compression: ${path} goes on behind the end of its compressed stream.`,
		]);
	});

	test('a frame twice', async () => {
		const stored = Buffer.concat([compressors.zstd(dump), compressors.zstd(dump)]);
		expect(await failuresWith(stored, 'zstd')).toEqual([
			'rows: public.users has 4 rows instead of 2.',
			expect.stringMatching(/^raw size: /),
		]);
	});

	test('frames in another order than their seek table lists', async () => {
		const { path } = await artifact();
		const parts = [dump.slice(0, 100), dump.slice(100)];
		const frames = parts.map((part) => ({ raw: Buffer.from(part), stored: compressors.zstd(part) }));
		const table = seekTable(
			frames.toReversed().map(({ raw, stored }) => ({
				compressedBytes: stored.length,
				rawBytes: raw.length,
				checksum: stored.readUInt32LE(stored.length - 4),
			})),
		);
		const stored = Buffer.concat([...frames.map((frame) => frame.stored), table]);
		expect(await failuresWith(stored, 'zstd')).toEqual([
			`compression: ${path} cannot be decompressed: its frames are not those that its seek table lists.`,
		]);
	});

	test('no compressed stream at all', async () => {
		expect(await failuresWith(Buffer.from(dump), 'gzip')).toEqual([
			expect.stringMatching(/^compression: .* cannot be decompressed: incorrect header check\.$/),
		]);
	});

	test('the manifest of another file', async () => {
		const change = { artifact: 'other.sql.gz', sha256: '0'.repeat(64) };
		expect(await failuresWith(compressors.gzip(dump), 'gzip', change)).toEqual([
			'manifest: The manifest is that of another file, other.sql.gz.',
			expect.stringContaining('sha256: It is '),
		]);
	});

	test('other rows than were counted', async () => {
		const tables = { 'public.users': 3, 'public.gone': 1 };
		const change = { census: { kind: 'postgres', tables, rows: 4 } } as const;
		expect(await failuresWith(compressors.gzip(dump), 'gzip', change)).toEqual([
			'rows: public.users has 2 rows instead of 3, public.gone is missing, public.empty is not in the manifest.',
		]);
	});
});

test('a file that does not exist is an error, not a failed check', async () => {
	await expect(verifyPostgresArtifact({ path: directory.path('no.sql.gz') }, never)).rejects.toMatchObject({
		code: 'not-found',
	});
});

test('what was found goes into the manifest, and into no other', async () => {
	const { path, manifest } = await artifact();
	const record = toCheckRecord(await verifyPostgresArtifact({ path, manifest }, never), new Date(0));

	expect(await recordChecks(path, 'verification', record)).toBe(true);

	expect((await manifestIfAny(path))!.verification).toEqual({
		at: '1970-01-01T00:00:00.000Z',
		result: 'passed',
		findings: expect.arrayContaining([
			'content: passed. The dump is complete, down to pg_dump’s last line.',
		]) as unknown,
	});
	expect(await recordChecks(directory.path('no.sql.gz'), 'verification', record)).toBe(false);
});

test('cancelling is neither passed nor failed', async () => {
	const cancel = new AbortController();
	cancel.abort();

	await expect(verifyPostgresArtifact(await artifact(), cancel.signal)).rejects.toMatchObject({
		code: 'cancelled',
	});
});
