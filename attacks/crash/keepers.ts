import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../core/artifact/index.ts';
import { command } from '../../lab/command.ts';
import { assertKept, type PromiseName } from '../harness/attack.ts';
import { agePartials, directoryState } from '../judges/directoryState.ts';
import { sameAsOriginals } from '../judges/sameAsOriginals.ts';
import { killAttack, type Scene } from './killAttack.ts';
import { backupName, writeBackups } from './writeBackups.ts';

/** Backups of so many nights, the newest of last night: for prune, which is quick, enough to be busy with. */
const nights = { pruned: 400, read: 40 };
/** What retention keeps by itself: so many days before the newest one, which is a night's more. */
const keptNights = 8;

interface Keeper {
	promise: PromiseName;
	/** @param scratch a directory of its own, in which the backup directory is `backups` */
	setUp: (scratch: string) => Promise<Scene>;
}

/** What handles backups that are there already, by what it does. */
export const keepers: Record<string, Keeper> = {
	'old backups are pruned': {
		promise: 'kept',
		setUp: async (scratch) =>
			await scene(scratch, nights.pruned, (root) => ['prune', '--directory', root], judgePruned),
	},
	'backups are verified and their manifests updated': {
		promise: 'whole',
		setUp: async (scratch) =>
			await scene(scratch, nights.read, (root) => ['verify', '--all', '--directory', root], judgeUntouched),
	},
	'backups are copied to another directory': {
		promise: 'whole',
		setUp: async (scratch) =>
			await scene(
				scratch,
				nights.read,
				(root) => ['copy', '--at', `${root}-away`, '--directory', root],
				async (root, isHealed) => {
					await judgeUntouched(root);
					await judgeCopies(root, `${root}-away`, isHealed);
				},
			),
	},
};

/** Kills of what handles backups that are there already. */
export const killedKeepers = Object.entries(keepers).map(([work, { promise, setUp }]) =>
	killAttack({ promise, fault: `kill -9 while ${work}`, faults: { whole: 300, short: 1 }, setUp }),
);

type Judge = (root: string, isHealed: boolean) => Promise<void>;

async function scene(
	scratch: string,
	count: number,
	argsFor: (root: string) => string[],
	judge: Judge,
): Promise<Scene> {
	const template = join(scratch, 'template');
	const root = join(scratch, 'backups');
	const args = argsFor(root);
	await writeBackups(template, count);
	return {
		args,
		places: [root, `${root}-away`],
		async reset() {
			for (const path of [root, `${root}-away`]) await rm(path, { recursive: true, force: true });
			await cp(template, root, { recursive: true, preserveTimestamps: true });
			await mkdir(`${root}-away`);
		},
		judge: async () => await judge(root, false),
		async heal() {
			for (const path of [root, `${root}-away`]) await agePartials(join(path, 'env'));
			const { exitCode, stderr } = await command(args);
			assertKept(exitCode === 0, `The next run fails: ${stderr}`);
			await judge(root, true);
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

async function judgePruned(root: string, isHealed: boolean): Promise<void> {
	const { complete, broken } = await directoryState(join(root, 'env'));
	const kept = Array.from({ length: keptNights }, (_unused, age) => backupName(age));
	const gone = kept.filter((name) => !complete.includes(name));
	assertKept(gone.length === 0, `Deleted though they are to be kept: ${gone.join(', ')}`);
	const halves = broken.filter((name) => !name.endsWith('.manifest.json'));
	assertKept(halves.length === 0, `Backups that lost their manifests: ${halves.join(', ')}`);
	if (isHealed) assertKept(complete.length === keptNights, 'The next prune does not finish the work');
}

async function judgeUntouched(root: string): Promise<void> {
	const { complete, broken } = await directoryState(join(root, 'env'));
	assertKept(broken.length === 0, `No longer whole: ${broken.join(', ')}`);
	assertKept(complete.length === nights.read, `${nights.read - complete.length} backups are gone`);
	for (const name of complete) {
		const text = await readFile(join(root, 'env', `${name}.manifest.json`), 'utf8');
		const { verification } = JSON.parse(text) as Manifest;
		assertKept(verification?.result !== 'failed', `${name} is blamed for what is not its fault`);
	}
}

/** Whatever has a final name there is the same file, byte for byte. */
async function judgeCopies(root: string, away: string, isHealed: boolean): Promise<void> {
	const directory = join(away, 'env');
	await sameAsOriginals(directory, join(root, 'env'));
	if (!isHealed) return;
	const { complete } = await directoryState(directory);
	assertKept(complete.length === nights.read, 'The next run does not bring all copies');
}
