import { execFile } from 'node:child_process';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { command, startCommand } from '../../lab/command.ts';
import { mountTmpfs } from '../../lab/mounts.ts';
import type { Random } from '../../lab/random.ts';
import { makeFolder } from '../crash/backups.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { directoryState } from '../judges/directoryState.ts';
import { inTime } from '../judges/inTime.ts';

const run = promisify(execFile);

/** A run that ends later waits for something that does not come. */
const mostSeconds = 90;

/** A run that goes on for longer has not said that it has succeeded before its directory was gone. */
const lastWordsMs = 500;

/** Backup directories that are no longer there in the midst of a backup. Needs root. */
export const vanishingDirectories: Attack[] = [
	{
		promise: 'whole',
		fault:
			'the backup directory renamed, removed, unmounted or covered by another disk while a folder is archived',
		faults: { whole: 200, short: 1 },
		open,
	},
];

interface Places {
	root: string;
	/** Where the directory is when it was renamed. */
	away: string;
}

/** What happens to it. @returns what shows where it is by then, if it is anywhere */
type Vanishing = (places: Places) => Promise<(() => Promise<string>) | undefined>;

const vanishings: Vanishing[] = [
	async ({ root, away }) => {
		await rename(join(root, 'n8n'), join(away, 'n8n'));
		return async () => away;
	},
	async ({ root }) => {
		await rm(join(root, 'n8n'), { recursive: true, force: true, maxRetries: 10 });
		return undefined;
	},
	async ({ root }) => {
		await run('umount', ['--lazy', root]);
		return undefined;
	},
	async ({ root }) => {
		const cover = await mountTmpfs(root, 50e6);
		return async () => {
			await cover[Symbol.asyncDispose]();
			return root;
		};
	},
];

async function open(scratch: string): Promise<Arena> {
	const folder = await makeFolder(join(scratch, 'data'));
	const template = join(scratch, 'template');
	const places = { root: join(scratch, 'backups'), away: join(scratch, 'backups', 'away') };
	const { root, away } = places;
	for (const path of [template, root]) await mkdir(path);
	const make = async (into: string) => await command(['create', 'volume', folder, '--directory', into]);
	const started = performance.now();
	await make(template);
	const wholeMs = performance.now() - started;
	const [older] = await judgeDirectory(join(template, 'n8n'));
	assertKept(older !== undefined, 'A backup that nothing disturbs is not there');
	return {
		async strike(random: Random) {
			await mountTmpfs(root, 100e6);
			try {
				await cp(template, root, { recursive: true, preserveTimestamps: true });
				await mkdir(away);
				const archiving = startCommand(['create', 'volume', folder, '--directory', root]);
				let isOver = false;
				void archiving.ended.then(() => (isOver = true));
				await Promise.race([archiving.ended, wait(random.below(wholeMs))]);
				if (isOver) return false;
				const wasComplete = (await directoryState(join(root, 'n8n'))).complete.length === 2;
				const find = await random.pick(vanishings)(places);
				const vanished = performance.now();
				const { exitCode, stderr } = await inTime(archiving, mostSeconds);
				const isLast = performance.now() - vanished < lastWordsMs;
				const isSaid = exitCode === 0 || (/^✗ /m.test(stderr) && !/\n\s+at /.test(stderr));
				assertKept(isSaid, `It fails without a word: ${stderr}`);
				const there = await judgeDirectory(join(root, 'n8n'));
				if (find === undefined) {
					// What vanished before the run began hinders nobody.
					const isThere = there.some((name) => name !== older);
					const isFalse = exitCode === 0 && !isThere && !wasComplete && !isLast;
					assertKept(!isFalse, 'It succeeds, and its backup is gone');
				} else {
					const left = await judgeDirectory(join(await find(), 'n8n'), [older]);
					const all = new Set([...there, ...left]);
					assertKept(exitCode !== 0 || all.size === 2, `It succeeds, and there are ${[...all].join(', ')}`);
				}
				const next = await make(root);
				assertKept(next.exitCode === 0, `The next backup fails: ${next.stderr}`);
				await judgeDirectory(join(root, 'n8n'));
				return true;
			} finally {
				await unmountAll(root);
			}
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

/** However many disks are there, one above the other. */
async function unmountAll(path: string): Promise<void> {
	while (
		await run('mountpoint', ['-q', path]).then(
			() => true,
			() => false,
		)
	)
		await run('umount', [path]);
}
