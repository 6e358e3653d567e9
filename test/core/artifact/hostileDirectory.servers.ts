import {
	chown,
	lstat,
	mkdir,
	readdir,
	readFile,
	rename,
	stat,
	symlink,
	unlink,
	writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describeAsRoot } from '../../support/asRoot';
import { eventually } from '../../../lab/eventually';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { tracedBackup } from './support/tracedBackup';

const directory = temporaryDirectory();
const run = { startedAt: '2026-11-23T02:00:00Z', content: 'N8N_ENCRYPTION_KEY=of-the-test\n' };
const name = 'env_20261123_020000.backup';

/** Stops the run for half a second where it is about to do something. */
const pause = (calls: string) => calls.split(',').map((call) => `${call}:delay_enter=500000`);

/** uid 1000 swaps things in its directory while root backs up into it; strace gives it the time. */
describeAsRoot('root’s backup into a directory of uid 1000 (skipped unless root)', () => {
	const root = () => directory.path('backups');
	const victim = () => directory.path('victim');
	const partial = () => join(root(), 'env', `.${name}.partial`);

	beforeEach(async () => {
		await mkdir(root());
		await chown(root(), 1000, 1000);
		await writeFile(victim(), 'secret', { mode: 0o600 });
	});

	async function expectVictimUntouched(): Promise<void> {
		const { uid, mode } = await stat(victim());
		expect([uid, mode & 0o777, await readFile(victim(), 'utf8')]).toEqual([0, 0o600, 'secret']);
	}

	it.each([
		['before it gets its owner', 'fchown,chown'],
		['before it gets its name', 'link'],
	])(
		'neither gives away nor overwrites what a link in place of its partial file leads to: %s',
		async (_when, calls) => {
			await mkdir(join(root(), 'env'), { mode: 0o700 });
			await chown(join(root(), 'env'), 1000, 1000);
			const running = tracedBackup({ root: root(), ...run, inject: pause(calls) });
			await eventually(async () => await lstat(partial()));
			await unlink(partial());
			await symlink(victim(), partial());

			const { error } = await running;
			await expectVictimUntouched();
			expect(error?.message).toBe(
				`${partial()} was removed or replaced while it was being written. See what else works in that directory, then run it again.`,
			);
			expect((await readdir(join(root(), 'env'))).filter((one) => !one.startsWith('.'))).toEqual([]);
		},
	);

	it('gives away no directory that was put in the place of the one that it made', async () => {
		await mkdir(directory.path('backups', 'roots-own'));
		await writeFile(directory.path('backups', 'roots-own', 'file'), 'secret');
		const running = tracedBackup({
			root: root(),
			...run,
			inject: ['openat:delay_enter=500000:when=1', ...pause('chown')],
		});
		await eventually(async () => await lstat(join(root(), 'env')));
		await rename(join(root(), 'env'), join(root(), 'made'));
		await rename(join(root(), 'roots-own'), join(root(), 'env'));
		await running;
		expect((await stat(join(root(), 'env'))).uid).toBe(0);
	});

	it('makes what is theirs when nobody interferes', async () => {
		const { artifact } = await tracedBackup({ root: root(), ...run });
		expect((await stat(artifact!.path)).uid).toBe(1000);
		expect((await stat(join(root(), 'env'))).uid).toBe(1000);
	});
});
