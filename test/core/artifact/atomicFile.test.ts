import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { open, readFile, readdir, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AtomicFile } from '../../../core/artifact/atomicFile';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();

test('what was streamed is under the final name after the commit, and nothing else is left', async () => {
	const file = await AtomicFile.create(directory.path('backup'));
	const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(100_000, index));
	await pipeline(Readable.from(chunks), file.createWriteStream());
	expect(await readdir(directory.path())).toEqual(['.backup.partial']);

	await file.commit();
	expect(await readdir(directory.path())).toEqual(['backup']);
	expect((await readFile(directory.path('backup'))).equals(Buffer.concat(chunks))).toBe(true);
});

test('a stream that is destroyed half way closes no descriptor that belongs to somebody else', async () => {
	const file = await AtomicFile.create(directory.path('backup'));
	const stream = file.createWriteStream();
	stream.write('half');
	stream.destroy();
	await once(stream, 'close');

	// Were the file's descriptor closed by now, one of these would get its number, and the discard would close it.
	const others = await Promise.all([1, 2, 3].map(async (n) => await open(directory.path(`other-${n}`), 'w')));
	await file.discard();
	for (const { fd } of others) expect(fstatSync(fd).isFile()).toBe(true);
	for (const other of others) await other.close();
	expect(await readdir(directory.path())).not.toContain('.backup.partial');
});

test('a name that is taken is refused, before and at the commit', async () => {
	await writeFile(directory.path('backup'), 'older');
	await expect(AtomicFile.create(directory.path('backup'))).rejects.toMatchObject({ code: 'exists' });

	const file = await AtomicFile.create(directory.path('other'));
	await file.write('newer');
	await writeFile(directory.path('other'), 'older');
	await expect(file.commit()).rejects.toMatchObject({ code: 'exists' });
	await file.discard();
	expect(await readFile(directory.path('other'), 'utf8')).toBe('older');
});
