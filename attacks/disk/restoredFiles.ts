import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { command } from '../../lab/command.ts';
import { makeFolder } from '../crash/backups.ts';
import type { Scene } from '../crash/killAttack.ts';
import { assertKept } from '../harness/attack.ts';

const run = promisify(execFile);

/**
 * Restores of a file and of a folder: each is as it was backed up, or not there, or said to be there in part, and the
 * next restore succeeds.
 *
 * @param scratch a directory of its own, in which everything is restored into `restored`
 */
export async function restoredFiles(scratch: string): Promise<Scene[]> {
	const root = join(scratch, 'backups');
	const to = join(scratch, 'restored');
	const file = join(scratch, '.env');
	await mkdir(root);
	await writeFile(file, `N8N_ENCRYPTION_KEY=of-the-attack\n${'# much ado\n'.repeat(100_000)}`);
	const folder = await makeFolder(join(scratch, 'data'));
	for (const made of [
		['file', file],
		['volume', folder],
	]) {
		const { exitCode, stderr } = await command(['create', ...made, '--directory', root]);
		assertKept(exitCode === 0, `A backup that nothing disturbs fails: ${stderr}`);
	}
	const sceneOf = (what: string, original: string, copy: string): Scene => {
		const args = ['restore', what, 'newest', '--to', copy, '--directory', root];
		const judge = async (hasSucceeded: boolean, said = '') => {
			const there = (await readdir(to)).filter(
				(name) => !name.startsWith('..') && !name.endsWith('.partial'),
			);
			const inside = what === 'volume' ? await readdir(copy).catch((): string[] => []) : there;
			const isEmpty = inside.every((name) => name.endsWith('.partial'));
			if (isEmpty && !hasSucceeded) return;
			// A disk that refuses to move something back as well leaves it where it is.
			if (!hasSucceeded && said.includes(`${copy} holds a part of the backup`)) return;
			const difference = await differenceOf(original, copy);
			assertKept(difference === '', `What is restored is not what it was: ${difference}`);
		};
		const reset = async () => {
			await rm(to, { recursive: true, force: true });
			await mkdir(to);
		};
		return {
			args,
			places: [root, to],
			reset,
			judge,
			async heal() {
				const { exitCode, stderr } = await command([
					'restore',
					what,
					'newest',
					'--to',
					copy,
					'--overwrite',
					'--directory',
					root,
				]);
				assertKept(exitCode === 0, `The next restore fails: ${stderr}`);
				await judge(true);
			},
			[Symbol.asyncDispose]: async () => {},
		};
	};
	return [sceneOf('file', file, join(to, '.env')), sceneOf('volume', folder, join(to, 'data'))];
}

/** What diff has to say; nothing where both are the same. */
async function differenceOf(one: string, other: string): Promise<string> {
	const exclude = ['--exclude', '.restore-*.partial'];
	return await run('diff', ['-r', ...exclude, one, other]).then(
		({ stdout }) => stdout,
		(error: { stdout: string; stderr: string }) =>
			(error.stdout + error.stderr).slice(0, 500) || 'diff failed',
	);
}
