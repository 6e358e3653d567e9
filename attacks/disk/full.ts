import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../lab/command.ts';
import { mountTmpfs } from '../../lab/mounts.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { makeFolder } from '../crash/backups.ts';

/** Disks that become full while a backup is made: a tmpfs, of a size that the seed decides. Needs root. */
export const fullDisks: Attack[] = [
	{
		promise: 'whole',
		fault: 'no space left on the disk at any point of an archive',
		faults: { whole: 100, short: 1 },
		open: async (scratch) => await open(scratch),
	},
];

/** Of the archive's end and its manifest. */
const lastBytes = 5 * 4096;

async function open(scratch: string): Promise<Arena> {
	const folder = await makeFolder(join(scratch, 'data'));
	const disk = join(scratch, 'disk');
	await mkdir(disk);
	const work = ['create', 'volume', folder, '--directory', disk];
	const needed = await usedBy(disk, work);
	return {
		async strike(random: Random) {
			// Room for an older backup, and for some of the next one.
			const bytes = needed + roomFor(needed, random);
			await using _ = await mountTmpfs(disk, bytes);
			const first = await command(work);
			assertKept(first.exitCode === 0, `A backup for which there is room fails: ${first.stderr}`);
			const directory = join(disk, 'n8n');
			const older = await judgeDirectory(directory);
			const { exitCode, stderr } = await command(work);
			const whole = await judgeDirectory(directory, older);
			assertKept(
				whole.length === (exitCode === 0 ? 2 : 1),
				`It ends with ${exitCode}, and there are ${whole.length}`,
			);
			if (exitCode === 0) return false;
			assertKept(
				/space/.test(stderr) && !/\n\s+at /.test(stderr),
				`It fails without a word of space: ${stderr}`,
			);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

/** As often in the last pages, where the manifest is, as anywhere. */
function roomFor(needed: number, random: Random): number {
	return random.below(2) === 0 ? random.below(needed) : needed - 1 - random.below(lastBytes);
}

/** Bytes that a backup takes of a disk. */
async function usedBy(disk: string, work: string[]): Promise<number> {
	await using _ = await mountTmpfs(disk, 1e9);
	const { exitCode, stderr } = await command(work);
	if (exitCode !== 0) throw new Error(stderr);
	const { blocks, bfree, bsize } = await statfs(disk);
	return (blocks - bfree) * bsize;
}
