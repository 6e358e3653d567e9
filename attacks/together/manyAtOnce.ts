import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';

/** Commands that work in one backup directory at the same time. */
export const manyAtOnce: Attack[] = [
	{
		promise: 'whole',
		fault: 'twenty backups into one directory at the same time, with prunes and verifications between them',
		faults: { whole: 30, short: 1 },
		open: async (scratch) => await open(scratch),
	},
];

const backups = 20;

async function open(scratch: string): Promise<Arena> {
	const root = join(scratch, 'backups');
	const file = join(scratch, '.env');
	await writeFile(file, `N8N_ENCRYPTION_KEY=of-the-attack\n${'# much ado\n'.repeat(20_000)}`);
	return {
		async strike(random: Random) {
			await rm(root, { recursive: true, force: true });
			await mkdir(root);
			const others = [['prune', '--keep-last', '1', '--keep-days', '0'], ['verify', '--all'], ['list']];
			const works = Array.from({ length: backups }, () => ['create', 'file', file]);
			for (const other of [...others, ...others]) works.splice(random.below(works.length), 0, other);
			const runs = await Promise.all(
				works.map(async (args) => await command([...args, '--directory', root])),
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
