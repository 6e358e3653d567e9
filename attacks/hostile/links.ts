import { execFile } from 'node:child_process';
import {
	chmod,
	chown,
	lstat,
	mkdir,
	readdir,
	rename,
	rm,
	symlink,
	unlink,
	writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { command, type CommandRun } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';

const run = promisify(execFile);

/** Who owns the backup directory, and plants; the command is run by root. */
const nobody = 65534;

/** Links and strange names in a backup directory that somebody else may write in. Needs root. */
export const plantedLinks: Attack[] = [
	{
		promise: 'contained',
		fault:
			'links in place of directories, artifacts, manifests and partial files, planted before and during the run, and names of every kind',
		faults: { whole: 1500, short: 3 },
		open: async (scratch) => await open(scratch),
	},
];

const prefixes = [
	'env',
	'..',
	'-rf',
	'ä ö',
	'a\nb',
	'$(id)',
	"it's",
	'x'.repeat(200),
	'.hidden',
	'n8n_20261123_020000',
	'%s',
	'﷽',
];

async function open(scratch: string): Promise<Arena> {
	await chmod(scratch, 0o755);
	const outside = join(scratch, 'outside');
	const root = join(scratch, 'backups');
	const copies = join(scratch, 'copies');
	const file = join(scratch, 'file');
	await mkdir(join(outside, 'directory'), { recursive: true });
	for (const name of [
		'file',
		'directory/file',
		'env_20261123_020000.backup',
		'directory/env_20261123_020000.backup',
	])
		await writeFile(join(outside, name), `of somebody else: ${name}`);
	await writeFile(file, 'N8N_ENCRYPTION_KEY=x');
	const look = async () => (await run('sh', ['-c', describe], { cwd: outside })).stdout;
	let beforehand = await look();
	return {
		async strike(random: Random) {
			for (const directory of [root, copies]) await freshDirectory(directory);
			const prefix = random.pick(prefixes);
			// Something to be in the way of, or to be removed.
			await command(['create', 'file', file, '--prefix', 'env', '--directory', root]);
			const place = random.pick(places);
			const target = join(outside, random.pick(['', 'file', 'directory', 'directory/file', 'not there']));
			const work = random.pick(works)({ root, copies, file, prefix });
			const planting = plant({ root, place, target, random, isDuring: random.below(2) === 0 });
			const ended = await planting.around(async () => await command([...work, '--directory', root]));
			assertKept(
				[0, 1, 2, 3].includes(ended.exitCode),
				`${work[0]} ends with ${ended.exitCode}: ${ended.stderr}`,
			);
			assertKept(!/\n\s+at /.test(ended.stderr), `${work[0]} fails without a word: ${ended.stderr}`);
			const why = `by ${work.join(' ')} with a link to ${target} as ${place}`;
			const before = beforehand;
			beforehand = await look();
			assertKept(beforehand === before, `Something outside of the backup directory is another ${why}`);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

const describe = `find . -mindepth 1 -printf '%p %y %m %u %s %T@ %l\\n' | sort; find . -type f -exec sha256sum {} + | sort`;

async function freshDirectory(path: string): Promise<void> {
	await rm(path, { recursive: true, force: true });
	await mkdir(path);
	await chown(path, nobody, nobody);
}

interface Ground {
	root: string;
	copies: string;
	file: string;
	prefix: string;
}

const works: ReadonlyArray<(ground: Ground) => string[]> = [
	({ file, prefix }) => ['create', 'file', file, `--prefix=${prefix}`],
	({ file }) => ['create', 'file', file],
	({ root }) => ['create', 'volume', join(root, '..', 'outside', 'directory')],
	() => ['prune', '--keep-last', '1', '--keep-days', '0', '--include-unproven', '--yes'],
	() => ['prune', '--keep-last', '1', '--keep-days', '0'],
	() => ['verify', '--all'],
	() => ['verify', 'newest'],
	() => ['list'],
	() => ['report'],
	({ copies }) => ['copy', '--to', copies],
];

/** Below the backup directory. `*` is whatever is there. */
const places = [
	'env',
	'n8n',
	'failed-runs',
	'env/*',
	'env/*.manifest.json',
	'env/.*.partial',
	'env/env_20261123_020000.backup',
];

interface Planting {
	root: string;
	place: string;
	target: string;
	random: Random;
	isDuring: boolean;
}

function plant({ root, place, target, random, isDuring }: Planting) {
	return {
		async around(work: () => Promise<CommandRun>): Promise<CommandRun> {
			if (!isDuring) {
				await plantOnce(root, place, target);
				return await work();
			}
			let isOver = false;
			const planting = (async () => {
				await wait(random.below(400));
				for (; !isOver;) {
					// The place may be gone, or be another's in this moment.
					await exchange(root, place, target).catch(() => {});
					await wait(random.below(4));
				}
			})();
			const ended = await work();
			isOver = true;
			await planting;
			return ended;
		},
	};
}

async function plantOnce(root: string, place: string, target: string): Promise<void> {
	for (const path of await pathsAt(root, place)) {
		await rm(path, { recursive: true, force: true });
		await symlink(target, path);
	}
}

/** There one moment, a link the next, there again. */
async function exchange(root: string, place: string, target: string): Promise<void> {
	for (const path of await pathsAt(root, place)) {
		const found = await lstat(path).catch(() => undefined);
		if (found?.isSymbolicLink()) continue;
		const aside = join(root, `.aside-${process.pid}`);
		if (found) await rename(path, aside);
		await symlink(target, path);
		await wait(1);
		await unlink(path);
		if (found) await rename(aside, path);
	}
}

async function pathsAt(root: string, place: string): Promise<string[]> {
	if (!place.includes('*')) return [join(root, place)];
	const [directory, pattern] = place.split('/') as [string, string];
	const [before, after] = pattern.split('*') as [string, string];
	const names = await readdir(join(root, directory)).catch(() => []);
	return names
		.filter((name) => name.startsWith(before) && name.endsWith(after))
		.map((name) => join(root, directory, name));
}
