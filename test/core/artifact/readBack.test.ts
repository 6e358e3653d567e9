import { type FileHandle, open } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { readBack } from '../../../core/artifact/readBack';
import { StoredStream } from '../../../core/artifact/storedStream';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const never = new AbortController().signal;

const content = Buffer.alloc(100_000, 'something to compress ');
const stored = gzipSync(content);

/** Writes some bytes at a time. */
async function writeSlowly(written: StoredStream): Promise<void> {
	for (let at = 0; at < stored.length; at += 50) {
		await new Promise<void>((resolve) => {
			written.write(stored.subarray(at, at + 50), () => resolve());
		});
	}
	written.end();
}

async function take(raw: AsyncIterable<Buffer>): Promise<void> {
	const pieces: Buffer[] = [];
	for await (const piece of raw) pieces.push(Buffer.from(piece));
	expect(Buffer.concat(pieces).equals(content)).toBe(true);
}

describe('a file that is read back while it is written', () => {
	const path = () => directory.path('.file.partial');
	const request = () => ({ path: path(), compression: 'gzip' }) as const;

	it('passes when it holds what was written', async () => {
		await using file = await open(path(), 'w');
		const written = new StoredStream(file);
		const writing = writeSlowly(written);
		await expect(readBack(request(), written, take, never)).resolves.toBeUndefined();
		await writing;
	});

	it.each([
		['cut', async (file: FileHandle) => await file.truncate(stored.length - 1)],
		[
			'other than it was written',
			async (file: FileHandle) => void (await file.write(Buffer.alloc(2), 0, 2, 140)),
		],
	])('is found to be %s', async (_what, damage) => {
		await using file = await open(path(), 'w');
		const written = new StoredStream(file);
		await writeSlowly(written);
		await damage(file);
		await expect(readBack(request(), written, take, never)).rejects.toMatchObject({
			name: 'BackupError',
			code: 'damaged',
		});
	});

	it('fails with what its writer was given up with', async () => {
		await using file = await open(path(), 'w');
		const written = new StoredStream(file);
		written.on('error', () => {});
		setTimeout(() => written.destroy(new Error('disk full')), 10);
		await expect(readBack(request(), written, take, never)).rejects.toThrow('disk full');
	});
});
