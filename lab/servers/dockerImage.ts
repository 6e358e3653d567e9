import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../scripts/lib/paths.ts';
import { kept } from '../kept.ts';
import { copyPrograms, layOutDebian } from './imageTree.ts';

const run = promisify(execFile);

/** To be raised when the same programs are to make another image. */
const recipe = '2';

/** The parts of this machine that go into the image. */
interface Ingredients {
	/** Of PostgreSQL. */
	major: number;
	/** Programs by the path that they get, which is their own. */
	programs: string[];
	/** Folders that are copied as they are. */
	folders: string[];
	/** Shared libraries that programs load by name only. */
	plugins: string[];
}

/**
 * A tar for `docker import`: PostgreSQL, Redis and a shell, taken from this machine together with the libraries
 * that they need, so that nothing is pulled. Made once for each state of these programs and kept in .cache/.
 */
export async function imageArchive(): Promise<string> {
	const ingredients = await findIngredients();
	const path = join(cacheDirectory, 'docker', `image-${await fingerprint(ingredients)}.tar`);
	return await kept(path, async (unfinished) => {
		const root = await mkdtemp(join(tmpdir(), 'docker-image-'));
		try {
			await assemble(root, ingredients);
			await run('tar', ['--numeric-owner', '-C', root, '-cf', unfinished, '.']);
		} finally {
			await rm(root, { recursive: true, force: true });
		}
	});
}

async function findIngredients(): Promise<Ingredients> {
	const debian = '/usr/lib/postgresql';
	const major = (existsSync(debian) ? await readdir(debian) : []).map(Number).sort((a, b) => b - a)[0];
	if (major === undefined) throw new Error('PostgreSQL is not on this machine: apt-get install postgresql');
	const home = join(debian, String(major));
	const plugins = (await readdir(join(home, 'lib'))).filter((name) => name.endsWith('.so'));
	return {
		major,
		programs: [
			...['postgres', 'initdb', 'pg_dump', 'pg_dumpall', 'psql'].map((name) => join(home, 'bin', name)),
			'/usr/bin/redis-server',
			'/usr/bin/redis-cli',
			'/usr/bin/dash',
			'/usr/bin/sleep',
			'/usr/bin/rm',
		],
		folders: [`/usr/share/postgresql/${major}`],
		// The compiler of queries weighs 100 MB and is not needed.
		plugins: plugins.filter((name) => !name.startsWith('llvmjit')).map((name) => join(home, 'lib', name)),
	};
}

async function fingerprint({ programs, plugins }: Ingredients): Promise<string> {
	const hash = createHash('sha256').update(recipe);
	for (const path of [...programs, ...plugins]) {
		const { size, mtimeMs } = await stat(path);
		hash.update(`${path} ${size} ${mtimeMs}\n`);
	}
	return hash.digest('hex').slice(0, 16);
}

async function assemble(root: string, { major, programs, folders, plugins }: Ingredients): Promise<void> {
	await layOutDebian(root);
	await symlink('dash', join(root, 'usr/bin/sh'));
	await copyPrograms(root, [...programs, ...plugins]);
	// The official image has the programs in PATH, whatever their version.
	await symlink(`/usr/lib/postgresql/${major}`, join(root, 'usr/lib/postgresql/current'));
	for (const folder of folders) await cp(folder, join(root, folder), { recursive: true });
	await writeFile(
		join(root, 'etc/passwd'),
		'root:x:0:0:root:/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n',
	);
	await writeFile(join(root, 'etc/group'), 'root:x:0:\npostgres:x:999:\n');
	for (const folder of ['var/lib/postgresql/data', 'data', 'run/postgresql']) {
		await mkdir(join(root, folder), { recursive: true });
		await chmod(join(root, folder), 0o700);
		await chown(join(root, folder), 999, 999);
	}
	await mkdir(join(root, 'var/run'), { recursive: true });
	await symlink('/run/postgresql', join(root, 'var/run/postgresql'));
}
