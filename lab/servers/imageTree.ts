import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, realpath, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folders of an image without anything in them, as Debian has them: what is in /bin and /lib is in /usr. */
export async function layOutDebian(root: string): Promise<void> {
	for (const folder of [
		'usr/bin',
		'usr/sbin',
		'usr/lib',
		'usr/lib64',
		'tmp',
		'run',
		'proc',
		'dev',
		'etc',
		'mnt',
	]) {
		await mkdir(join(root, folder), { recursive: true });
	}
	for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
	await chmod(join(root, 'tmp'), 0o1777);
}

/** Copies programs of this machine, and the libraries that they need, to the same places below `root`. */
export async function copyPrograms(root: string, programs: string[]): Promise<void> {
	for (const path of programs) await copyInto(root, path);
	await copyLibraries(root, programs);
}

/** Copies what programs, wherever they lie, need of this machine's own libraries. */
export async function copyLibraries(root: string, programs: string[]): Promise<void> {
	for (const library of await librariesOf(programs)) await copyInto(root, library);
}

async function librariesOf(programs: string[]): Promise<string[]> {
	// It fails for what is no program, such as a script or a static one, and answers for the others.
	const { stdout } = await run('ldd', programs, { maxBuffer: 16 * 1024 * 1024 }).catch(
		(error: { stdout: string }) => error,
	);
	const paths = [...stdout.matchAll(/(?:=> |^\t)((?:\/usr)?\/lib\S+) \(0x/gm)].map(([, path]) => path!);
	return [...new Set(paths)];
}

/** Copies a file to the same place below `root`, under the name by which it is asked for. */
async function copyInto(root: string, path: string): Promise<void> {
	const folder = join(root, dirname(path).replace(/^\/(bin|sbin|lib|lib64)(?=\/|$)/, '/usr/$1'));
	await mkdir(folder, { recursive: true });
	await cp(await realpath(path), join(folder, basename(path)));
}
