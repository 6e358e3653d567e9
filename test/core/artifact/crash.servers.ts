import { cp, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ageDecrypt, ageKeygen } from '../../support/age';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { agePartials, directoryState } from '../../../attacks/judges/directoryState.ts';
import { changingCalls, occurrences, tracedBackup, type TracedRun } from './support/tracedBackup';

/**
 * A backup in a process of its own that strace kills at, or has fail at, one call after the other: on the disk is
 * then what a crash or a bad disk leaves there.
 */
jest.setTimeout(120_000);

const directory = temporaryDirectory();
const first = { startedAt: '2026-11-23T02:00:00Z', content: 'N8N_ENCRYPTION_KEY=first\n' };
const second = { startedAt: '2026-11-24T02:00:00Z', content: 'N8N_ENCRYPTION_KEY=second\n' };
const third = { startedAt: '2026-11-25T02:00:00Z', content: 'N8N_ENCRYPTION_KEY=third\n' };
const nameOf = { first: 'env_20261123_020000.backup', second: 'env_20261124_020000.backup' };
const nameOfThird = 'env_20261125_020000.backup';

/** Has a file system without hard links. */
const noLinks = 'link:error=EPERM';

async function newRoot(from?: string): Promise<string> {
	const root = await mkdtemp(directory.path('backups-'));
	if (from) await cp(from, root, { recursive: true });
	return root;
}

/** Two at a time, as this machine has processors. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
	const queue = [...items];
	const worker = async () => {
		for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
	};
	await Promise.all([worker(), worker()]);
}

/** The next night finishes what can be finished, and leaves nothing unfinished or without manifest. */
async function expectNextRunToHeal(
	root: string,
	next: typeof first,
	expected: { kept: string[]; made: string; at: string },
): Promise<void> {
	const env = join(root, 'env');
	await agePartials(env);
	const healed = await tracedBackup({ root, ...next });
	expect({ at: expected.at, error: healed.error }).toEqual({ at: expected.at, error: undefined });
	const state = await directoryState(env);
	const complete = [...expected.kept, expected.made].sort();
	expect({ at: expected.at, ...state, complete: state.complete.sort() }).toEqual({
		at: expected.at,
		complete,
		completable: [],
		broken: [],
		partial: [],
	});
}

describe.each([
	['with hard links', []],
	['without hard links', [noLinks]],
])('a run that is killed at any call on a disk %s', (_which, alsoInject) => {
	it('leaves no artifact without its manifest, and the next run leaves nothing unfinished', async () => {
		const whole = await tracedBackup({ root: await newRoot(), ...first, inject: alsoInject });
		expect(whole.exitCode).toBe(0);
		const points = occurrences(whole.calls, changingCalls);
		expect(points.length).toBeGreaterThan(12);
		let completed = 0;
		await each(points, async ({ call, nth }) => {
			const at = `${call} ${nth}`;
			const root = await newRoot();
			const others = call === 'link' ? [] : alsoInject;
			const kill = `${call}:signal=KILL:when=${nth}`;
			const killed = await tracedBackup({ root, ...first, inject: [...others, kill] });
			expect({ at, exitCode: killed.exitCode }).toEqual({ at, exitCode: null });

			const { complete, completable, broken } = await directoryState(join(root, 'env'));
			expect({ at, broken }).toEqual({ at, broken: [] });
			completed += completable.length;
			await expectNextRunToHeal(root, second, {
				kept: [...complete, ...completable],
				made: nameOf.second,
				at,
			});
		});
		// At least between the two names.
		expect(completed).toBeGreaterThan(0);
	});
});

it('an encrypted backup is whole for age, or there is none, after a kill at any call', async () => {
	const { identity, recipient } = ageKeygen();
	// Of two chunks.
	const night = { ...first, content: 'N8N_ENCRYPTION_KEY=first\n'.repeat(4000), recipient };
	const whole = await tracedBackup({ root: await newRoot(), ...night });
	expect(whole.exitCode).toBe(0);
	let readable = 0;
	await each(occurrences(whole.calls, changingCalls), async ({ call, nth }) => {
		const at = `${call} ${nth}`;
		const root = await newRoot();
		const killed = await tracedBackup({ root, ...night, inject: [`${call}:signal=KILL:when=${nth}`] });
		expect({ at, exitCode: killed.exitCode }).toEqual({ at, exitCode: null });
		const { complete, completable, broken } = await directoryState(join(root, 'env'));
		expect({ at, broken }).toEqual({ at, broken: [] });
		for (const name of [...complete, ...completable]) {
			const plain = await ageDecrypt(join(root, 'env', name), identity);
			expect({ at, isWhole: plain.toString() === night.content }).toEqual({ at, isWhole: true });
			readable++;
		}
		// Nothing that was not encrypted is on the disk, whole or not.
		for (const file of await readdir(join(root, 'env')).catch(() => [])) {
			const bytes = await readFile(join(root, 'env', file), 'latin1');
			expect({ at, file, isPlain: bytes.includes('N8N_ENCRYPTION_KEY') }).toEqual({
				at,
				file,
				isPlain: false,
			});
		}
	});
	expect(readable).toBeGreaterThan(0);
});

it('a sweep that is killed at any call loses no manifest either', async () => {
	const crashed = await newRoot();
	await tracedBackup({ root: crashed, ...first, inject: ['link:signal=KILL:when=2'] });
	expect(await directoryState(join(crashed, 'env'))).toMatchObject({
		completable: [nameOf.first],
		broken: [],
	});

	const trial = await newRoot(crashed);
	await agePartials(join(trial, 'env'));
	const sweeping = ['link', 'unlink', 'fsync', 'openat'];
	const { calls } = await tracedBackup({ root: trial, ...second });
	await each(occurrences(calls, sweeping), async ({ call, nth }) => {
		const at = `${call} ${nth}`;
		const root = await newRoot(crashed);
		await agePartials(join(root, 'env'));
		await tracedBackup({ root, ...second, inject: [`${call}:signal=KILL:when=${nth}`] });
		const { complete, completable, broken } = await directoryState(join(root, 'env'));
		expect({ at, broken }).toEqual({ at, broken: [] });
		expect([...complete, ...completable]).toContain(nameOf.first);
		await expectNextRunToHeal(root, third, { kept: [...complete, ...completable], made: nameOfThird, at });
	});
});

it.each([
	['once', 'EIO', ''],
	['from then on', 'EROFS', '+'],
])(
	'a disk that fails at any call, %s (%s), leaves a whole backup or none, and an error for people',
	async (_how, errno, more) => {
		const whole = await tracedBackup({ root: await newRoot(), ...first });
		const wanted = more === '' ? [...changingCalls, 'statx', 'fstat', 'getdents64'] : changingCalls;
		await each(occurrences(whole.calls, wanted), async ({ call, nth }) => {
			const at = `${call} ${nth}`;
			const root = await newRoot();
			const run = await tracedBackup({
				root,
				...first,
				inject: [`${call}:error=${errno}:when=${nth}${more}`],
			});
			const state = await directoryState(join(root, 'env'));
			expect({ at, broken: state.broken }).toEqual({ at, broken: [] });
			if (run.exitCode === 0) expectSuccess(run, state, at);
			else expectFailure(run, at);
			const kept = [...state.complete, ...state.completable];
			// Only a disk that refuses to the end can keep a name from being taken back.
			if (run.exitCode !== 0 && more === '') expect({ at, kept }).toEqual({ at, kept: [] });
			await expectNextRunToHeal(root, second, { kept, made: nameOf.second, at });
		});
	},
);

function expectSuccess(run: TracedRun, state: { complete: string[]; partial: string[] }, at: string): void {
	expect({ at, complete: state.complete }).toEqual({ at, complete: [nameOf.first] });
	const isSaid = run.artifact?.manifest.warnings.some((warning) => warning.includes('could not be removed'));
	expect({ at, leftBehind: state.partial.length > 0 }).toEqual({ at, leftBehind: isSaid });
}

function expectFailure({ error }: TracedRun, at: string): void {
	expect({ at, name: error?.name }).toEqual({ at, name: 'BackupError' });
	expect({ at, code: error?.code }).not.toEqual({ at, code: 'internal' });
	expect(error?.message).not.toMatch(/\bE[A-Z]{2,}\b/);
}
