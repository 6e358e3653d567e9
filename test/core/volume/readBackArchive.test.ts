import type { TarCensus } from '../../../core/artifact/manifest';
import type { SourceFacts } from '../../../core/artifact/source';
import { assertReadBack } from '../../../core/volume/readBackArchive';
import { makeTar } from './support/makeTar';

/** Reads these bytes back, in pieces whose memory is used again, against a census of two members with 1003 bytes. */
async function readBack(raw: Buffer, census: Partial<TarCensus> = {}): Promise<void> {
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
	await assertReadBack(inPieces(raw), Promise.resolve(facts));
}

async function* inPieces(raw: Buffer): AsyncGenerator<Buffer> {
	const memory = Buffer.alloc(100);
	for (let at = 0; at < raw.length; at += memory.length) {
		const copied = raw.copy(memory, 0, at);
		yield memory.subarray(0, copied);
		memory.fill(0xff);
	}
}

const members = [
	{ name: 'a', content: 'abc' },
	{ name: 'b', content: Buffer.alloc(1000, 'b') },
] as const;

test('a whole archive passes', async () => {
	await expect(readBack(makeTar(...members))).resolves.toBeUndefined();
});

test('a cut at any point is found', async () => {
	const raw = makeTar(...members);
	const withoutPadding = raw.subarray(0, 512 + 512 + 512 + 1024 + 1024);
	for (let length = 0; length < withoutPadding.length; length += 97) {
		await expect(readBack(withoutPadding.subarray(0, length))).rejects.toMatchObject({
			name: 'BackupError',
			code: 'incomplete',
		});
	}
	await expect(readBack(Buffer.alloc(0))).rejects.toThrow('The archive is cut off after 0 bytes.');
});

test('a member or a byte too few is found', async () => {
	const raw = makeTar(...members);
	await expect(readBack(raw, { entries: 3 })).rejects.toThrow(
		'The archive holds 2 members with 1003 bytes where 3 with 1003 were written.',
	);
	await expect(readBack(raw, { bytes: 1004 })).rejects.toThrow('where 2 with 1004 were written.');
});
