'use strict';

const { execFile } = require('node:child_process');
const { cp, mkdir, mkdtemp, readFile, rename, rm } = require('node:fs/promises');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { promisify } = require('node:util');
const tar = require('tar');

const packageName = '@electric-sql/pglite';
const target = join('dist', 'core', 'postgres', 'embedded', 'dataDirectory.tar.gz');

/**
 * Gulp task: a data directory of the embedded PostgreSQL as initdb leaves it, packed. Making one takes a gigabyte of
 * memory and five seconds, which belong here and not into n8n. It is kept between builds, one for each version.
 */
async function embeddedPostgres() {
	const { version } = JSON.parse(
		await readFile(join(dirname(dirname(require.resolve(packageName))), 'package.json'), 'utf8'),
	);
	const cached = join('.cache', `pglite-${version}.tar.gz`);
	await mkdir('.cache', { recursive: true });
	await mkdir(dirname(target), { recursive: true });
	await cp(cached, target).catch(async (error) => {
		if (error.code !== 'ENOENT') throw error;
		await makeDataDirectory(cached);
		await cp(cached, target);
	});
}

async function makeDataDirectory(packed) {
	const work = await mkdtemp(join(tmpdir(), 'pglite-'));
	try {
		const directory = join(work, 'data');
		// In a process of its own: what initdb took is given back with it.
		await promisify(execFile)(process.execPath, [__filename, directory]);
		const partial = `${packed}.${process.pid}`;
		await tar.create({ file: partial, cwd: directory, gzip: { level: 9 }, portable: true, jobs: 1 }, ['.']);
		await rename(partial, packed);
	} finally {
		await rm(work, { recursive: true, force: true });
	}
}

async function initdb(dataDir) {
	const { PGlite } = require(packageName);
	// Small segments: the write-ahead log of an empty database need not take 16 MB.
	const database = await PGlite.create({ dataDir, initDbStartParams: ['--wal-segsize=1'] });
	await database.close();
}

if (require.main === module) void initdb(process.argv[2]);

module.exports = { embeddedPostgres };
