import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { findAbandoned } from '../../../core/files/abandoned';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const notTheClock = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const;
const timers = ['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const;
const timeouts = ['setTimeout', 'clearTimeout'] as const;
const hour = 3600_000;

const isOurs = (name: string) => name.startsWith('.ours');
const abandoned = async () => (await findAbandoned(directory.path(), isOurs)).map(({ name }) => name).sort();

async function make(name: string, ageMs: number): Promise<void> {
	await writeFile(directory.path(name), '');
	const then = new Date(Date.now() - ageMs);
	await utimes(directory.path(name), then, then);
}

afterEach(() => jest.useRealTimers());

test('what nobody has touched for five minutes is abandoned, if it is ours', async () => {
	await make('.ours-old', 10 * 60_000);
	await make('.ours-young', 4 * 60_000);
	await make('.theirs-old', 10 * 60_000);
	await mkdir(directory.path('.ours-directory'));
	const then = new Date(Date.now() - hour);
	await utimes(directory.path('.ours-directory'), then, then);
	expect(await abandoned()).toEqual(['.ours-directory', '.ours-old']);
});

test.each([
	['ahead', hour],
	['behind', -hour],
])('a clock of this machine that is an hour %s makes nothing old or young', async (_which, offset) => {
	await make('.ours-dead', 10 * 60_000);
	await make('.ours-alive', 60_000);
	jest.useFakeTimers({ now: Date.now() + offset, doNotFake: [...notTheClock, ...timers, ...timeouts] });
	expect(await abandoned()).toEqual(['.ours-dead']);
});

test('asking the disk for its time leaves nothing there', async () => {
	await make('.ours-old', hour);
	await abandoned();
	expect(await readdir(directory.path())).toEqual(['.ours-old']);
});

test('a directory that is not there is named', async () => {
	const missing = directory.path('missing');
	await expect(findAbandoned(missing, isOurs)).rejects.toThrow(`${missing} does not exist.`);
});
