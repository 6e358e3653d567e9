import { readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { AtomicFile } from '../../../core/files/atomicFile';
import { expectClaimed, holdHeartbeats } from '../../support/heartbeats';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
afterEach(() => jest.useRealTimers());

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

test('a file that nothing is written to for long is not taken for abandoned while its writer lives', async () => {
	holdHeartbeats();
	await using file = await AtomicFile.create(directory.path('backup'));
	const longAgo = new Date(Date.now() - 3600_000);
	await utimes(file.partialPath, longAgo, longAgo);
	await expectClaimed(directory.path());
});
