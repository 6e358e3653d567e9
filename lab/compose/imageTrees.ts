import { execFile } from 'node:child_process';
import { chown, cp, mkdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureN8n } from '../n8n/ensureN8n.ts';
import { copyLibraries, copyPrograms, layOutDebian } from '../servers/imageTree.ts';
import { clientProgram, serverBinaries } from '../servers/postgresBinaries.ts';
import { authority } from './authority.ts';

const run = promisify(execFile);

export type ImageName = 'n8n' | 'node' | 'postgres' | 'proxy' | 'redis';

/** Fills `root` with all that an image has. `source` is its folder in `images/`. */
type MakeTree = (root: string, source: string) => Promise<void>;

/** What each image consists of. They have the users, the folders and the start of the official ones. */
export const imageTrees: Record<ImageName, MakeTree> = { n8n, node, postgres, proxy, redis };

/** To be raised when a function here makes another tree of the same programs. */
const recipe = '1';

/** What a tree is made of, as text that is another when the tree would be another. */
export async function ingredientsOf(name: ImageName): Promise<string> {
	const programs = {
		n8n: [process.execPath, busybox, tini, await npmFolder(), await ensureN8n()],
		node: [process.execPath, ...(await debianPrograms()), await npmFolder()],
		postgres: [join(await serverBinaries(17), 'postgres'), await clientProgram('psql'), busybox],
		proxy: [haproxy],
		redis: ['/usr/bin/redis-server', busybox],
	}[name];
	const facts = programs.map(async (path) => {
		const { size, mtimeMs } = await stat(path);
		return `${path} ${size} ${mtimeMs}`;
	});
	return [recipe, ...(await Promise.all(facts)), (await authority()).ca].join('\n');
}

const busybox = '/usr/bin/busybox';
const haproxy = '/usr/sbin/haproxy';
const setpriv = '/usr/bin/setpriv';
/** Docker brings it for `docker run --init`. */
const tini = '/usr/bin/docker-init';

/** Alpine's programs are busybox's. No bash, no pg_dump, no redis-cli, no docker. */
async function n8n(root: string, source: string): Promise<void> {
	await layOutDebian(root);
	await addNode(root);
	await addBusybox(root);
	await cp(await realpath(tini), join(root, 'usr/bin/tini'));
	await cp(join(source, 'docker-entrypoint.sh'), join(root, 'docker-entrypoint.sh'));
	await symlink('../lib/n8n/node_modules/n8n/bin/n8n', join(root, 'usr/local/bin/n8n'));
	await addUsers(root, { node: 1000 });
	await ownedFolder(root, 'home/node', 1000);
	await ownedFolder(root, 'home/node/.n8n', 1000);
	// 2.8 GB in 270,000 files: hard links, which take seconds.
	const home = join(root, 'usr/local/lib/n8n');
	await mkdir(home);
	await run('cp', ['--archive', '--link', join(await ensureN8n(), 'node_modules'), home]);
}

/** Its user is root. */
async function node(root: string): Promise<void> {
	await layOutDebian(root);
	await addNode(root);
	await copyPrograms(root, await debianPrograms());
	await symlink('bash', join(root, 'usr/bin/sh'));
	await addUsers(root, { node: 1000 });
	await mkdir(join(root, 'root'), { mode: 0o700 });
}

async function postgres(root: string, source: string): Promise<void> {
	await layOutDebian(root);
	// The server of this version comes from npm, which has no clients of it.
	const binaries = await serverBinaries(17);
	await cp(dirname(binaries), join(root, 'usr/local'), { recursive: true, verbatimSymlinks: true });
	await copyLibraries(root, [join(binaries, 'postgres'), join(binaries, 'initdb')]);
	const clients = [await clientProgram('psql'), await clientProgram('pg_isready')];
	await copyPrograms(root, clients);
	for (const client of clients)
		await symlink(client, join(root, 'usr/bin', client.split('/').pop()!)).catch(ifThere);
	await cp('/usr/lib/locale/C.utf8', join(root, 'usr/lib/locale/C.utf8'), { recursive: true });
	await addEntryPoint(root, source);
	await addUsers(root, { postgres: 999 });
	await ownedFolder(root, 'var/lib/postgresql/data', 999);
	await symlink('/run', join(root, 'var/run'));
}

/** Runs as root, as whoever may use the socket must. */
async function proxy(root: string, source: string): Promise<void> {
	await layOutDebian(root);
	await copyPrograms(root, [haproxy]);
	await cp(join(source, 'haproxy.cfg'), join(root, 'haproxy.cfg'));
	await addUsers(root, {});
}

async function redis(root: string, source: string): Promise<void> {
	await layOutDebian(root);
	await copyPrograms(root, ['/usr/bin/redis-server', '/usr/bin/redis-cli']);
	await addEntryPoint(root, source);
	await addUsers(root, { redis: 999 });
	await ownedFolder(root, 'data', 999);
}

async function addEntryPoint(root: string, source: string): Promise<void> {
	await copyPrograms(root, [setpriv]);
	await addBusybox(root);
	await mkdir(join(root, 'usr/local/bin'), { recursive: true });
	await cp(join(source, 'docker-entrypoint.sh'), join(root, 'usr/local/bin/docker-entrypoint.sh'));
}

async function addNode(root: string): Promise<void> {
	const bin = join(root, 'usr/local/bin');
	await mkdir(bin, { recursive: true });
	await cp(process.execPath, join(bin, 'node'));
	await copyLibraries(root, [process.execPath]);
	await cp(await npmFolder(), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
	for (const name of ['npm', 'npx'])
		await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name));
	await mkdir(join(root, 'etc/ssl'), { recursive: true });
	await writeFile(join(root, 'etc/ssl/lab.pem'), (await authority()).ca);
}

/** The npm of this machine, whole in its folder. */
async function npmFolder(): Promise<string> {
	const { stdout } = await run('which', ['npm']);
	return dirname(dirname(await realpath(stdout.trim())));
}

async function addBusybox(root: string): Promise<void> {
	await cp(busybox, join(root, 'usr/bin/busybox'));
	const { stdout } = await run(busybox, ['--list']);
	for (const name of stdout.trim().split('\n'))
		await symlink('busybox', join(root, 'usr/bin', name)).catch(ifThere);
}

function ifThere(error: NodeJS.ErrnoException): void {
	if (error.code !== 'EEXIST') throw error;
}

/** What every Debian has. */
async function debianPrograms(): Promise<string[]> {
	const packages = ['bash', 'coreutils', 'findutils', 'grep', 'gzip', 'sed', 'tar'];
	const { stdout } = await run('dpkg', ['--listfiles', ...packages]);
	return stdout.split('\n').filter((path) => /^(\/usr)?\/bin\/./.test(path));
}

async function addUsers(root: string, users: Record<string, number>): Promise<void> {
	const all = Object.entries({ root: 0, ...users });
	const homes: Record<string, string> = { root: '/root', node: '/home/node' };
	const passwd = all.map(([name, id]) => `${name}:x:${id}:${id}::${homes[name] ?? '/'}:/bin/sh\n`);
	await writeFile(join(root, 'etc/passwd'), passwd.join(''));
	await writeFile(join(root, 'etc/group'), all.map(([name, id]) => `${name}:x:${id}:\n`).join(''));
	await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
	await writeFile(join(root, 'etc/os-release'), await readFile('/etc/os-release'));
}

async function ownedFolder(root: string, folder: string, id: number): Promise<void> {
	await mkdir(join(root, folder), { recursive: true });
	await chown(join(root, folder), id, id);
}
