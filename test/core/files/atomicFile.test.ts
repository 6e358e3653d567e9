import { readFile, readdir, writeFile } from 'node:fs/promises';
import { AtomicFile } from '../../../core/files/atomicFile';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();

test('what was written is under the final name after the commit, and nothing else is left', async () => {
	const file = await AtomicFile.create(directory.path('backup'));
	await file.write('whole');
	expect(await readdir(directory.path())).toEqual(['.backup.partial']);

	await file.commit();
	expect(await readdir(directory.path())).toEqual(['backup']);
	expect(await readFile(directory.path('backup'), 'utf8')).toBe('whole');
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
