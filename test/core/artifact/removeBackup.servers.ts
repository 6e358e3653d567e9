import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { manifestPath } from '../../../core/artifact';
import { removeBackup } from '../../../core/artifact/removeBackup';
import { sweepLeftOvers } from '../../../core/artifact/sweep';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { agePartials, directoryState } from '../../../attacks/judges/directoryState.ts';

const directory = temporaryDirectory();
const never = new AbortController().signal;
const nothing = { complete: [], completable: [], broken: [], partial: [] };
const shipped = join(process.cwd(), 'dist', 'core', 'artifact', 'removeBackup.js');

/** Removes a backup in a process of its own that strace kills at a call. */
async function removeKilledAt(path: string, call: string): Promise<void> {
	const kill = `inject=${call}:signal=KILL`;
	const remove = `require(${JSON.stringify(shipped)}).removeBackup(${JSON.stringify(path)})`;
	const args = ['-f', '-qq', '-o', '/dev/null', '-e', kill, process.execPath, '-e', remove];
	const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: '1' };
	await new Promise((resolve) => execFile('strace', args, { env }, resolve));
}

async function oneBackup(): Promise<string> {
	await mkdir(directory.path('backups'));
	return (await makeBackups(directory.path('backups'))).env.path;
}

// node:fs removes a file by unlink; the calls are: aside, artifact, aside again, aside's end, directory.
it.each([
	['rename:when=1', true],
	['unlink:when=1', true],
	['rename:when=2', false],
	['unlink:when=2', false],
	['fsync:when=1', false],
])(
	'a prune that is killed at %s leaves a backup with its manifest, or neither of them for long',
	async (call, isThere) => {
		const path = await oneBackup();
		await removeKilledAt(path, call);
		const left = await directoryState(dirname(path));
		// One that is still there has its manifest, if under another name.
		expect(left.partial.length + left.complete.length > 0).toBe(call !== 'fsync:when=1');

		await agePartials(dirname(path));
		await sweepLeftOvers(dirname(path), never);
		const complete = isThere ? [basename(path)] : [];
		expect(await directoryState(dirname(path))).toEqual({ ...nothing, complete });
	},
);

it('an artifact that cannot go keeps its manifest', async () => {
	const path = await oneBackup();
	await rename(path, `${path}.moved`);
	await mkdir(path);
	await expect(removeBackup(path)).rejects.toMatchObject({ name: 'BackupError' });
	expect((await readdir(dirname(path))).sort()).toEqual(
		[path, manifestPath(path), `${path}.moved`].map((one) => basename(one)).sort(),
	);
});

it('both go, also where there is no manifest', async () => {
	const path = await oneBackup();
	await removeBackup(path);
	expect(await directoryState(dirname(path))).toEqual(nothing);
	await writeFile(path, 'without');
	await removeBackup(path);
	expect(await directoryState(dirname(path))).toEqual(nothing);
});
