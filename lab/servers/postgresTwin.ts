import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually } from '../eventually.ts';
import { freePort } from './freePort.ts';
import type { PostgresServer } from './postgres.ts';

const run = promisify(execFile);

export interface Twin {
	port: number;
	/** Makes a standby a server of its own. */
	promote(): Promise<void>;
	stop(): Promise<void>;
}

export interface TwinOptions {
	/** Of pg_basebackup: `--write-recovery-conf` makes a standby that follows. */
	copyOptions: string[];
	settings?: Record<string, string>;
}

/**
 * A second server on a copy of the first one's data, made and run by PostgreSQL's own programs.
 *
 * @param dataDir an empty directory, which outlives it
 */
export async function startTwin(
	server: PostgresServer,
	dataDir: string,
	{ copyOptions, settings = {} }: TwinOptions,
): Promise<Twin> {
	const { uid, gid } = await stat(server.dataDir);
	const identity = process.getuid?.() === 0 ? { uid, gid } : {};
	const env = { ...process.env, PGPASSWORD: server.password, LC_ALL: 'C' };
	await chown(dataDir, uid, gid);
	await run(
		join(server.binDir, 'pg_basebackup'),
		[
			...['-h', server.host, '-p', String(server.port), '-U', server.user],
			...['-D', dataDir, '-c', 'fast', ...copyOptions],
		],
		{ ...identity, env, cwd: '/' },
	);
	const port = await freePort();
	const all: Record<string, string> = {
		port: String(port),
		listen_addresses: '127.0.0.1',
		unix_socket_directories: '',
		max_wal_size: '64MB',
		...settings,
	};
	const child = spawn(
		join(server.binDir, 'postgres'),
		['-D', dataDir, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
		{ ...identity, env, cwd: '/', stdio: 'ignore' },
	);
	const exited = once(child, 'exit');
	const stop = async () => {
		child.kill('SIGQUIT');
		await exited;
	};
	const query = async (sql: string) => {
		const { host, user, password, database } = server;
		const client = new pg.Client({ host, port, user, password, database, ssl: false });
		await client.connect();
		await client.query(sql);
		await client.end();
	};
	try {
		await eventually(async () => await query('SELECT 1'));
	} catch (error) {
		await stop();
		throw error;
	}
	return { port, promote: async () => await query('SELECT pg_promote()'), stop };
}
