import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarCensus } from '../../../core/artifact/manifest';
import type { SourceFacts } from '../../../core/artifact/source';
import { proveArchive } from '../../../core/volume/proveArchive';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { makeTar } from './support/makeTar';

jest.setTimeout(60_000);

const scratch = temporaryDirectory();
const never = new AbortController().signal;

/** Proves these bytes against a census of two members with 1003 bytes. */
async function prove(stored: Buffer, census: Partial<TarCensus> = {}): Promise<void> {
	writeFileSync(scratch.path('.archive.partial'), stored);
	const facts: SourceFacts = {
		source: { path: '/data' },
		engine: { name: 'built-in', version: '1.0.0' },
		census: {
			kind: 'tar',
			entries: 2,
			bytes: 1003,
			skipped: 0,
			changed: [],
			vanished: [],
			sqlite: [],
			...census,
		},
		warnings: [],
	};
	await proveArchive(scratch.path('.archive.partial'), facts, never);
}

const members = [
	{ name: 'a', content: 'abc' },
	{ name: 'b', content: Buffer.alloc(1000, 'b') },
] as const;

test('a whole archive passes, whatever its compression and its name', async () => {
	const raw = await makeTar(...members);
	for (const stored of [raw, gzipSync(raw), zstdCompressSync(raw)])
		await expect(prove(stored)).resolves.toBeUndefined();
});

test('a cut at any point is found in every compression', async () => {
	const raw = await makeTar(...members);
	const withoutPadding = raw.subarray(0, 512 + 512 + 512 + 1024 + 1024);
	for (const stored of [withoutPadding, gzipSync(raw), zstdCompressSync(raw)]) {
		for (let length = 0; length < stored.length; length += 97) {
			await expect(prove(stored.subarray(0, length))).rejects.toMatchObject({
				name: 'BackupError',
				code: expect.stringMatching(/^(incomplete|damaged)$/),
			});
		}
	}
});

test('a member or a byte too few is found', async () => {
	const raw = await makeTar(...members);
	await expect(prove(raw, { entries: 3 })).rejects.toThrow(
		'The archive holds 2 members with 1003 bytes where 3 with 1003 were written.',
	);
	await expect(prove(raw, { bytes: 1004 })).rejects.toThrow('where 2 with 1004 were written.');
});

test('a file that is gone is named', async () => {
	await expect(prove(Buffer.alloc(0))).rejects.toThrow('The archive is cut off after 0 bytes.');
	const path = scratch.path('nothing');
	const facts = { census: { kind: 'tar' } } as SourceFacts;
	await expect(proveArchive(path, facts, never)).rejects.toThrow(`${path} does not exist.`);
	expect(readFileSync(scratch.path('.archive.partial'))).toHaveLength(0);
});
