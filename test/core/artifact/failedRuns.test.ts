import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { pruneFailedRuns, readFailedRuns, recordingFailure } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const request = () =>
	({ root: directory.path(), component: 'redis', prefix: 'dump', secret: 'hush' }) as const;
const refuse = async () =>
	await Promise.reject(new BackupError('auth', 'Redis refuses the password', { advice: 'Correct it' }));

it('a run that fails is written down, for its owner alone, and its error goes on', async () => {
	const run = recordingFailure(request(), new AbortController().signal, refuse);
	await expect(run).rejects.toMatchObject({ code: 'auth' });
	const [name] = await readdir(directory.path('failed-runs'));
	expect((await stat(directory.path('failed-runs', name!))).mode & 0o777).toBe(0o600);
	const records = await readFailedRuns(directory.path());
	expect(records).toEqual([
		{
			component: 'redis',
			prefix: 'dump',
			at: expect.any(String),
			code: 'auth',
			what: 'Redis refuses the password.',
			advice: 'Correct it.',
		},
	]);
});

it('a run that succeeds, or that somebody cancels, is not', async () => {
	await recordingFailure(request(), new AbortController().signal, async () => await Promise.resolve());
	await expect(recordingFailure(request(), AbortSignal.abort(), refuse)).rejects.toMatchObject({
		code: 'auth',
	});
	expect(await readdir(directory.path())).toEqual([]);
});

it('a backup directory that cannot be written to does not hide the run’s own error', async () => {
	await writeFile(directory.path('failed-runs'), 'a file in its place');
	const run = recordingFailure(request(), new AbortController().signal, refuse);
	await expect(run).rejects.toMatchObject({ code: 'auth' });
});

it('records go when they are older than asked', async () => {
	await expect(recordingFailure(request(), new AbortController().signal, refuse)).rejects.toThrow();
	await pruneFailedRuns(directory.path(), new Date(Date.now() - 1000));
	expect(await readFailedRuns(directory.path())).toHaveLength(1);
	await pruneFailedRuns(directory.path(), new Date(Date.now() + 1000));
	expect(await readFailedRuns(directory.path())).toEqual([]);
});

it('a prune takes records along that a crash kept from being written, and none that is being written', async () => {
	await mkdir(directory.path('failed-runs'));
	const [old, fresh] = ['old', 'fresh'].map((name) => directory.path('failed-runs', `.${name}.json.partial`));
	for (const path of [old!, fresh!]) await writeFile(path, '{');
	const then = new Date(Date.now() - 600_000);
	await utimes(old!, then, then);
	await pruneFailedRuns(directory.path(), new Date(0));
	expect(await readdir(directory.path('failed-runs'))).toEqual(['.fresh.json.partial']);
	await expect(pruneFailedRuns(directory.path('empty'), new Date(0))).resolves.toBeUndefined();
});
