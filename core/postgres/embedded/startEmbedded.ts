import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { extract } from 'tar';
import { loadExtensions } from './extensions';

/** The data directory that the build made: see gulp/embeddedPostgres.js. */
const preparedDirectory = join(__dirname, 'dataDirectory.tar.gz');

/**
 * The least that PostgreSQL's single-user mode needs here; the first line is what the package itself starts with.
 * What is written does not have to survive a crash: the directory is thrown away.
 */
const startParams = [
	...['--single', '-F', '-O', '-j'],
	...settings({
		exit_on_error: 'false',
		log_checkpoints: 'false',
		max_worker_processes: '0',
		max_parallel_workers: '0',
		max_parallel_workers_per_gather: '0',
		max_parallel_maintenance_workers: '0',
		io_method: 'sync',
		shared_buffers: '8MB',
		max_connections: '2',
		wal_buffers: '1MB',
		wal_level: 'minimal',
		max_wal_senders: '0',
		fsync: 'off',
		full_page_writes: 'off',
		synchronous_commit: 'off',
		maintenance_work_mem: '32MB',
		// Counted for themselves, and checked when everything is there, as in a restore on a server.
		row_security: 'off',
	}),
];

/** The smallest that PostgreSQL starts with; it grows. In bytes. */
const initialMemory = 128 * 1024 * 1024;

export interface EmbeddedRequest {
	/** Empty, for PostgreSQL's files. */
	directory: string;
	extensions: Iterable<string>;
	/** `SQL_ASCII`: its texts are bytes, of which nothing is checked. UTF-8 otherwise. */
	encoding?: string;
}

/**
 * Starts PostgreSQL as WebAssembly within this process. This is for a process of its own: it computes without a pause,
 * and its memory is given back only when the process ends.
 */
export async function startEmbedded({ directory, extensions, encoding }: EmbeddedRequest): Promise<PGlite> {
	await extract({ file: preparedDirectory, cwd: directory, strict: true });
	if (encoding === 'SQL_ASCII') await becomeSqlAscii(directory);
	return await start(directory, extensions);
}

async function start(dataDir: string, extensions: Iterable<string>): Promise<PGlite> {
	const { PGlite } = await import('@electric-sql/pglite');
	return await PGlite.create({
		dataDir,
		relaxedDurability: true,
		extensions: await loadExtensions(extensions),
		initialMemory,
		startParams,
	});
}

/**
 * Makes the empty databases of a data directory ones of another encoding, as initdb would: what is in their catalogs is
 * ASCII. PostgreSQL reads the encoding when it starts.
 */
async function becomeSqlAscii(directory: string): Promise<void> {
	const database = await start(directory, []);
	await database.exec(
		`UPDATE pg_catalog.pg_database SET encoding = pg_catalog.pg_char_to_encoding('SQL_ASCII'), datctype = 'C'`,
	);
	await database.close();
}

function settings(values: Record<string, string>): string[] {
	return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
