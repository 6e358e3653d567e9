import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RestoredFile, restoreFile } from '../../../core/volume/restoreFile';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const script = join(__dirname, 'support', 'restoreOneFile.cjs');
const content = 'N8N_ENCRYPTION_KEY=of-the-test\n';
const never = new AbortController().signal;

/** Restores in a process of its own that strace kills at a call; with no call, to its end. @returns what it said */
async function restoreKilledAt(call: string | undefined, how: string): Promise<string> {
	const trace = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=link,rename,unlink,fsync,write'];
	const kill = call === undefined ? [] : ['-e', `inject=${call}`];
	const restore = [process.execPath, script, artifact(), destination(), how];
	return await new Promise((resolve) => {
		const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' };
		execFile('strace', [...trace, ...kill, ...restore], { env }, (_error, stdout) => resolve(stdout));
	});
}

const artifact = () => directory.path('env.backup');
const destination = () => directory.path('restored', '.env');
const names = async () => (await readdir(directory.path('restored'))).sort();

describe.each(['new', 'overwrite'])('a restore of a file (%s) that is killed', (how) => {
	const calls =
		how === 'new'
			? [
					'fsync:signal=KILL:when=1',
					'link:signal=KILL:when=1',
					'fsync:signal=KILL:when=2',
					'unlink:signal=KILL:when=1',
				]
			: [...['fsync:signal=KILL:when=1', 'rename:signal=KILL:when=1', 'fsync:signal=KILL:when=2']];

	it.each(calls)('at %s leaves the old file or the new one, and the next try goes on', async (call) => {
		await writeFile(artifact(), content);
		await mkdir(directory.path('restored'));
		if (how === 'overwrite') await writeFile(destination(), 'old');
		expect(await restoreKilledAt(call, how)).toBe('');
		const isThere = (await names()).includes('.env');
		if (isThere) expect(['old', content]).toContain(await readFile(destination(), 'utf8'));
		const left = (await names()).filter((name) => name !== '.env');
		for (const name of left) expect(name).toMatch(/^\.\.env\.[0-9a-f-]{36}\.partial$/);

		// At once: nobody can know yet whether the other one still lives.
		const again = { artifactPath: artifact(), destination: destination(), overwrite: true };
		const { bytes, warnings } = await restoreFile(again, never);
		expect(bytes).toBe(content.length);
		expect(warnings).toEqual(
			left.map((name) => expect.stringContaining(`/${name} is from another restore of this file,`) as string),
		);
		expect(await readFile(destination(), 'utf8')).toBe(content);

		const then = new Date(Date.now() - 600_000);
		for (const name of left) await utimes(directory.path('restored', name), then, then);
		expect(await restoreFile(again, never)).toEqual({ bytes: content.length, warnings: [] });
		expect(await names()).toEqual(['.env']);
	});
});

it('a restore in a process of its own says what it did', async () => {
	await writeFile(artifact(), content);
	await mkdir(directory.path('restored'));
	const said = JSON.parse(await restoreKilledAt(undefined, 'new')) as RestoredFile;
	expect(said).toEqual({ bytes: content.length, warnings: [] });
});
