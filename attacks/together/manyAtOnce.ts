import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { command } from '../../lab/command.ts';
import { type Mount, mountBind } from '../../lab/mounts.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';

const run = promisify(execFile);

/** Commands that work in one backup directory at the same time. */
export const manyAtOnce: Attack[] = [
	{
		promise: 'whole',
		fault: 'twenty backups into one directory at the same time, with prunes and verifications between them',
		faults: { whole: 30, short: 1 },
		open: async (scratch) => await open(scratch, 20, nothingElse),
	},
	{
		promise: 'whole',
		fault: 'ten by two hosts that have the directory mounted at places of their own, the same between them',
		faults: { whole: 30, short: 1 },
		open: async (scratch) => await open(scratch, 10, otherHost),
	},
];

/** Where one more host sees a directory. */
type OtherView = (root: string, random: Random) => Promise<Mount>;

const nothingElse: OtherView = async (root) => ({ path: root, [Symbol.asyncDispose]: async () => {} });

/** By the kernel's own bind mount, or through FUSE, which gives its files other numbers. Needs root. */
const otherHost: OtherView = async (root, random) => {
	const path = `${root}-elsewhere`;
	await rm(path, { recursive: true, force: true });
	if (random.below(2) === 0) return await mountBind(root, path, []);
	await mkdir(path);
	await run('mount', ['--bind', root, path]);
	return { path, [Symbol.asyncDispose]: async () => void (await run('umount', [path])) };
};

async function open(scratch: string, backups: number, otherView: OtherView): Promise<Arena> {
	const root = join(scratch, 'backups');
	const file = join(scratch, '.env');
	await writeFile(file, `N8N_ENCRYPTION_KEY=of-the-attack\n${'# much ado\n'.repeat(20_000)}`);
	return {
		async strike(random: Random) {
			await rm(root, { recursive: true, force: true });
			await mkdir(root);
			await using elsewhere = await otherView(root, random);
			const others = [['prune', '--keep-last', '1', '--keep-days', '0'], ['verify', '--all'], ['list']];
			const works = Array.from({ length: backups }, () => ['create', 'file', file]);
			for (const other of [...others, ...others]) works.splice(random.below(works.length), 0, other);
			const runs = await Promise.all(
				works.map(async (args) => {
					return await command([...args, '--directory', random.pick([root, elsewhere.path])]);
				}),
			);
			const failed = runs.filter(({ exitCode }, i) => works[i]![0] === 'create' && exitCode !== 0);
			assertKept(failed.length === 0, `Backups fail: ${failed.map(({ stderr }) => stderr).join(' ')}`);
			const whole = await judgeDirectory(join(root, 'env'));
			// All of them are of today.
			assertKept(whole.length === backups, `Of ${backups} backups there are ${whole.length}`);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}
