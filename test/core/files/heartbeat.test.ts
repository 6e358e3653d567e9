import { open, stat, utimes, writeFile } from 'node:fs/promises';
import { Heartbeat } from '../../../core/files/heartbeat';
import { eventually } from '../../../lab/eventually';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const notTheClock = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const;
const timers = ['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const;
const timeouts = ['setTimeout', 'clearTimeout'] as const;
const hour = 3600_000;

afterEach(() => jest.useRealTimers());

test.each([
	['an hour ahead', hour],
	['an hour behind', -hour],
])('a writer whose clock is %s says that it lives by the clock of the disk', async (_which, offset) => {
	await writeFile(directory.path('file'), '');
	const longAgo = new Date(Date.now() - 2 * hour);
	await utimes(directory.path('file'), longAgo, longAgo);
	await writeFile(directory.path('clock'), '');
	const { mtimeMs: diskTime } = await stat(directory.path('clock'));

	jest.useFakeTimers({
		now: Date.now() + offset,
		doNotFake: [...notTheClock, ...timers, ...timeouts],
	});
	await using file = await open(directory.path('file'), 'r+');
	// One after the other: two in the same tick of the disk's clock look like a disk that has none.
	const heartbeat = new Heartbeat(file, 500);
	await eventually(async () => {
		const { mtimeMs } = await stat(directory.path('file'));
		expect(mtimeMs).toBeGreaterThanOrEqual(diskTime - 1000);
	});
	await heartbeat.stop();
	const { mtimeMs } = await stat(directory.path('file'));
	expect(mtimeMs - diskTime).toBeLessThan(hour / 2);
});

test('a heart that beats keeps the bytes and the permissions of its file', async () => {
	await writeFile(directory.path('file'), 'content', { mode: 0o600 });
	await using file = await open(directory.path('file'), 'r+');
	const heartbeat = new Heartbeat(file, 5);
	const { ctimeMs } = await file.stat();
	await eventually(async () => expect((await file.stat()).ctimeMs).toBeGreaterThan(ctimeMs));
	await heartbeat.stop();
	const { size, mode } = await file.stat();
	expect([size, mode & 0o777]).toEqual([7, 0o600]);
});

test('a heart that was stopped does not beat any more, and the file can be closed', async () => {
	await writeFile(directory.path('file'), '');
	const file = await open(directory.path('file'), 'r+');
	const heartbeat = new Heartbeat(file, 1);
	await heartbeat.stop();
	await file.close();
	await expect(heartbeat.stop()).resolves.toBeUndefined();
});
