import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../scripts/lib/run.ts';
import { kept } from '../kept.ts';
import { npmPackage } from '../packages.ts';

/** Declarations of Node-API. It is the same for every Node, so these fit whichever one runs. */
const headers = 'node-api-headers@1.9.0';

/**
 * Compiles the addon by which n8n keeps its data in SQLite, unless it is there: a minute, once. n8n's own install
 * downloads it from GitHub or compiles it with Node's headers from nodejs.org; here npm and Debian (`g++`, `libuv1-dev`)
 * have all of it, and no script of a package runs.
 */
export async function ensureSqliteAddon(home: string): Promise<void> {
	const modules = join(home, 'node_modules');
	const source = join(modules, 'sqlite3');
	const addon = join(source, 'build', 'Release', 'node_sqlite3.node');
	await kept(addon, async (built) => {
		const work = await mkdtemp(join(tmpdir(), 'sqlite-addon-'));
		try {
			const includes = [join(modules, 'node-addon-api'), join(await npmPackage(headers), 'include')];
			await compile({ source, work, built, includes });
		} finally {
			await rm(work, { recursive: true, force: true });
		}
	});
}

interface Compilation {
	/** The folder of the package sqlite3. */
	source: string;
	/** For what is in between. */
	work: string;
	built: string;
	includes: string[];
}

/** With the definitions of the package's own binding.gyp and deps/sqlite3.gyp. */
async function compile({ source, work, built, includes }: Compilation): Promise<void> {
	const amalgamation = await unpackSqlite(join(source, 'deps'), work);
	const sqlite = join(work, 'sqlite3.o');
	await run('gcc', [
		...['-c', '-O1', '-fPIC', '-DNDEBUG', '-D_REENTRANT=1', ...sqliteDefinitions],
		...['-o', sqlite, join(amalgamation, 'sqlite3.c')],
	]);
	const files = ['backup.cc', 'database.cc', 'node_sqlite3.cc', 'statement.cc'];
	await run('g++', [
		...['-shared', '-std=c++17', '-O1', '-fPIC', '-DNDEBUG', ...sqliteDefinitions],
		...['-DNAPI_VERSION=6', '-DNAPI_DISABLE_CPP_EXCEPTIONS=1', '-DNODE_GYP_MODULE_NAME=node_sqlite3'],
		...[amalgamation, ...includes].flatMap((folder) => ['-I', folder]),
		...['-o', built, ...files.map((file) => join(source, 'src', file)), sqlite],
	]);
}

const sqliteDefinitions = [
	...['SQLITE_THREADSAFE=1', 'HAVE_USLEEP=1', 'SQLITE_ENABLE_DBSTAT_VTAB=1', 'SQLITE_ENABLE_MATH_FUNCTIONS'],
	...['FTS3', 'FTS4', 'FTS5', 'RTREE'].map((extension) => `SQLITE_ENABLE_${extension}`),
].map((definition) => `-D${definition}`);

async function unpackSqlite(deps: string, work: string): Promise<string> {
	const archive = (await readdir(deps)).find((name) => /^sqlite-autoconf-\d+\.tar\.gz$/.test(name));
	if (archive === undefined) throw new Error(`${deps} holds no SQLite`);
	await run('tar', ['-xzf', join(deps, archive), '-C', work]);
	return join(work, archive.slice(0, -'.tar.gz'.length));
}
