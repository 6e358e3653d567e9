import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { kept, keptFolder } from '../../lab/kept';
import { temporaryDirectory } from '../support/temporaryDirectory';

const directory = temporaryDirectory();

describe('What is made once and kept', () => {
	it('is made once by many at the same time, and each sees all of it', async () => {
		const path = directory.path('cache', 'folder');
		let times = 0;
		const ask = async () => {
			await keptFolder(path, async (unfinished) => {
				times++;
				await writeFile(join(unfinished, 'first'), '1');
				await wait(20);
				await writeFile(join(unfinished, 'last'), '2');
			});
			return await readFile(join(path, 'last'), 'utf8');
		};
		expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill('2'));
		expect(await ask()).toBe('2');
		expect(times).toBe(1);
		expect(await readdir(directory.path('cache'))).toEqual(['folder']);
	});

	it('leaves nothing when it fails, and is tried again by the next', async () => {
		const path = directory.path('cache', 'file');
		const failing = kept(path, async (unfinished) => {
			await writeFile(unfinished, 'half');
			throw new Error('No network');
		});
		await expect(failing).rejects.toThrow('No network');
		expect(await readdir(directory.path('cache'))).toEqual([]);
		await kept(path, async (unfinished) => await writeFile(unfinished, 'whole'));
		expect(await readFile(path, 'utf8')).toBe('whole');
	});

	it('is that of another process that was faster', async () => {
		const path = directory.path('cache', 'folder');
		await keptFolder(path, async (unfinished) => {
			await writeFile(join(unfinished, 'mine'), '');
			await mkdir(path);
			await writeFile(join(path, 'theirs'), '');
		});
		expect(await readdir(path)).toEqual(['theirs']);
		expect(await readdir(directory.path('cache'))).toEqual(['folder']);
	});
});
