import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../lab/command.ts';
import { assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { agePartials, directoryState } from '../judges/directoryState.ts';
import { summaryOf } from '../judges/summaryOf.ts';
import type { Scene } from './killAttack.ts';

export interface BackupSceneOptions {
	scratch: string;
	/** The folder in the backup directory. */
	component: string;
	/** What makes one more backup, `--directory` excepted. */
	args: string[];
	env?: NodeJS.ProcessEnv;
	/** What the backup is made of, where that is a server. */
	source?: AsyncDisposable;
}

/**
 * A backup is made beside an older one. Whatever the kill leaves under a final name is whole, the older one is as it was,
 * and the next run leaves nothing unfinished.
 */
export async function backupScene({
	scratch,
	component,
	args,
	env,
	source,
}: BackupSceneOptions): Promise<Scene> {
	const template = join(scratch, 'template');
	const root = join(scratch, 'backups');
	const directory = join(root, component);
	const make = async (into: string) => {
		const { exitCode, stderr } = await command([...args, '--directory', into], env);
		assertKept(exitCode === 0, `A backup that nothing disturbs fails: ${stderr}`);
	};
	await mkdir(template);
	await make(template);
	const [older] = (await directoryState(join(template, component))).complete;
	assertKept(older !== undefined, 'A backup that nothing disturbs is not there');

	const content = await summaryOf(join(template, component, older));
	const judge = async (hasSucceeded: boolean) => {
		const newer = (await judgeDirectory(directory, [older])).filter((name) => name !== older);
		if (!hasSucceeded) return;
		assertKept(newer.length > 0, 'It succeeds, and there is no new backup');
		for (const name of newer) {
			const found = await summaryOf(join(directory, name));
			assertKept(found === content, 'It succeeds, and something is missing in the backup');
		}
	};
	return {
		args: [...args, '--directory', root],
		env,
		places: [root],
		isSynced: true,
		async reset() {
			await rm(root, { recursive: true, force: true });
			await cp(template, root, { recursive: true, preserveTimestamps: true });
		},
		judge,
		async heal() {
			await agePartials(directory);
			await make(root);
			await judge(true);
			const left = (await readdir(directory)).filter((name) => name.startsWith('.'));
			assertKept(left.length === 0, `The next run leaves what the dead one left: ${left.join(', ')}`);
		},
		[Symbol.asyncDispose]: async () => await source?.[Symbol.asyncDispose](),
	};
}
