import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { libpqEnvironment } from '../../lab/servers/environments.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import type { PostgresConnection } from '../../core/postgres/connect/connection.ts';
import { recipient } from '../data/recipient.ts';
import type { Bench } from '../harness/bench.ts';
import type { DumpJob } from '../harness/jobs.ts';
import { drillInside } from '../harness/results.ts';
import { runJob } from '../harness/runJob.ts';
import { runShell } from '../harness/runShell.ts';

export function connectionTo({ host, port, user, password }: PostgresServer): PostgresConnection {
	const tls = { mode: 'disable', verifyCertificate: true } as const;
	return { host, port, user, password, database: 'postgres', tls };
}

/** Dumps of one database: by our engines, by pg_dump alone, and by the pipes that people have in scripts. */
export async function measureDumps(bench: Bench, server: PostgresServer, database: string): Promise<void> {
	const connection = connectionTo(server);
	const env = libpqEnvironment(server, database);
	const output = join(await bench.emptyDirectory('peers'), 'dump');
	const repository = join(bench.scratch, 'peers', 'restic');
	const restic = `RESTIC_PASSWORD=x restic -q --no-cache -r ${repository}`;
	const dump =
		(engine: DumpJob['engine'], method: 'gzip' | 'zstd', encryption?: DumpJob['encryption']) =>
		(backupDirectory: string): DumpJob => ({
			kind: 'dump',
			engine,
			connection,
			databases: [database],
			compression: { method },
			encryption,
			backupDirectory,
		});
	const encryption = { recipients: [recipient] };
	const physical = { ...env, ...pgBackRest(server, join(bench.scratch, 'peers')) };
	const aside = { env, isAside: true };

	await bench.race(
		[
			bench.ours('Postgres Back Up, built-in, zstd', dump('built-in', 'zstd')),
			bench.ours('Postgres Back Up, local, zstd', dump('local', 'zstd')),
			bench.ours('Postgres Back Up, built-in, gzip', dump('built-in', 'gzip')),
			bench.ours('Postgres Back Up, built-in, zstd, encrypted', dump('built-in', 'zstd', encryption)),
			bench.ours('Postgres Back Up, built-in, gzip, encrypted', dump('built-in', 'gzip', encryption)),
			...bench.peer('pg_dump > /dev/null', 'pg_dump > /dev/null', { env }),
			...bench.peer('pg_dump | gzip', `pg_dump | gzip > ${output}`, { env }),
			...bench.peer('pg_dump | zstd -3', `pg_dump | zstd -q -3 > ${output}`, { ...aside, needs: 'zstd' }),
			...bench.peer('pg_dump | zstd -T0 -3', `pg_dump | zstd -q -T0 -3 > ${output}`, { env, needs: 'zstd' }),
			...bench.peer('pg_dump | pigz', `pg_dump | pigz > ${output}`, { ...aside, needs: 'pigz' }),
			...bench.peer('pg_dump -Z 6', `pg_dump -Z 6 > ${output}`, aside),
			...bench.peer('pg_dump -Fc', `pg_dump -Fc > ${output}`, aside),
			...bench.peer('pg_dump -Fd -j 2', `pg_dump -Fd -j 2 -f ${output}.d`, {
				...aside,
				prepare: async () => void (await bench.emptyDirectory('peers')),
			}),
			...bench.peer('pg_dump | restic backup', `pg_dump | ${restic} backup --stdin`, {
				...aside,
				needs: 'restic',
				prepare: async () => {
					await bench.emptyDirectory('peers');
					await runShell(`${restic} init`);
				},
			}),
			...bench.peer(pgBackRestBackup, 'pgbackrest backup --type=full --start-fast --no-archive-check', {
				...{ env: physical, isAside: true, needs: 'pgbackrest' },
				prepare: async () => {
					await bench.emptyDirectory('peers');
					await runShell('pgbackrest stanza-create', physical);
				},
			}),
		],
		[
			['Postgres Back Up, built-in, zstd', 'pg_dump > /dev/null'],
			['Postgres Back Up, built-in, zstd', 'pg_dump | zstd -3'],
			['Postgres Back Up, built-in, zstd', 'pg_dump | zstd -T0 -3'],
			['Postgres Back Up, built-in, zstd, encrypted', 'Postgres Back Up, built-in, zstd'],
			['Postgres Back Up, built-in, gzip, encrypted', 'Postgres Back Up, built-in, gzip'],
			['Postgres Back Up, local, zstd', 'pg_dump > /dev/null'],
			['Postgres Back Up, built-in, gzip', 'pg_dump | gzip'],
			['Postgres Back Up, built-in, gzip', 'pg_dump | pigz'],
			['Postgres Back Up, built-in, gzip', 'pg_dump -Z 6'],
			['Postgres Back Up, built-in, gzip', 'pg_dump -Fc'],
			['Postgres Back Up, built-in, gzip', 'pg_dump -Fd -j 2'],
			['Postgres Back Up, built-in, zstd', 'pg_dump | restic backup'],
			['Postgres Back Up, built-in, zstd', pgBackRestBackup],
		],
	);
}

const pgBackRestBackup = 'pgbackrest backup, zstd, 2 processes';

/** Settings of a copy of all of a server's files, which holds its indexes as well and restores only into its own version. */
function pgBackRest({ dataDir, socketDir, port, user }: PostgresServer, root: string): NodeJS.ProcessEnv {
	return {
		PGBACKREST_STANZA: 'bench',
		PGBACKREST_PG1_PATH: dataDir,
		PGBACKREST_PG1_SOCKET_PATH: socketDir,
		PGBACKREST_PG1_PORT: String(port),
		PGBACKREST_PG1_USER: user,
		PGBACKREST_REPO1_PATH: join(root, 'repository'),
		PGBACKREST_LOCK_PATH: join(root, 'lock'),
		PGBACKREST_LOG_LEVEL_FILE: 'off',
		PGBACKREST_LOG_LEVEL_CONSOLE: 'error',
		PGBACKREST_COMPRESS_TYPE: 'zst',
		PGBACKREST_PROCESS_MAX: '2',
	};
}

/** Verifying dumps: ours reads their SQL as well and counts every row, the peers only unpack and hash. */
export async function measureVerify(bench: Bench, gzip: string, zstd: string): Promise<void> {
	const ours = { gzip: 'Verify of a gzip dump', zstd: 'Verify of a zstd dump' };
	const peers = { gzip: 'gunzip -t; sha256sum', zstd: 'zstd -t; sha256sum' };
	const verify = (path: string) => () => runJob({ kind: 'verify', component: 'postgres', path });
	await bench.race(
		[
			{ name: ours.gzip, run: verify(gzip) },
			{ name: ours.zstd, run: verify(zstd) },
			...bench.peer(peers.gzip, `gunzip -t ${gzip}; sha256sum ${gzip}`),
			...bench.peer(peers.zstd, `zstd -q -t ${zstd}; sha256sum ${zstd}`, { needs: 'zstd' }),
		],
		[
			[ours.gzip, peers.gzip],
			[ours.zstd, peers.zstd],
		],
	);
}

/** Restoring that dump into a new database; ours compares every table's rows with the census at the end. */
export async function measureRestore(bench: Bench, server: PostgresServer, path: string): Promise<void> {
	const database = 'restored';
	const env = libpqEnvironment(server, database);
	const connection = connectionTo(server);
	const custom = join(await bench.emptyDirectory('peers'), 'dump.custom');
	if (bench.scale.asideRounds > 0) {
		await runShell(`pg_dump -Fc -Z 6 > ${custom}`, libpqEnvironment(server, 'n8n'));
	}
	const drop = async () => {
		await server.query(`DROP DATABASE IF EXISTS ${database}`);
		// Else the writes of the run before would be this one's burden.
		await server.query('CHECKPOINT');
	};
	const create = async () => {
		await drop();
		await server.createDatabase(database);
	};
	const ours = 'Restore of a gzip dump, built-in';
	await bench.race(
		[
			{
				name: ours,
				prepare: drop,
				run: () => runJob({ kind: 'restore', connection, path, database }),
			},
			...bench.peer('gunzip | psql -q', `gunzip -c ${path} | psql -q`, { env, prepare: create }),
			...bench.peer('pg_restore -j 2', `pg_restore -j 2 -d ${database} ${custom}`, {
				env,
				prepare: create,
				isAside: true,
			}),
		],
		[
			[ours, 'gunzip | psql -q'],
			[ours, 'pg_restore -j 2'],
		],
	);
	await drop();
}

/** Restoring that dump to see whether it can be: ours needs no server, counts every row and looks through every index. */
export async function measureDrill(bench: Bench, server: PostgresServer, path: string): Promise<void> {
	const peer = 'createdb; gunzip | psql -q; dropdb';
	const env = libpqEnvironment(server, 'drilled');
	const prepare = async () => {
		await server.query('CHECKPOINT');
	};
	await bench.race(
		[
			{ name: drillInside, run: () => runJob({ kind: 'drill', path }) },
			...bench.peer(peer, `createdb drilled; gunzip -c ${path} | psql -q; dropdb drilled`, { env, prepare }),
		],
		[[drillInside, peer]],
	);
}

/** A dump, out of the reach of the races' own clearing up. */
export async function makeArtifact(
	bench: Bench,
	server: PostgresServer,
	database: string,
	method: 'gzip' | 'zstd',
): Promise<string> {
	const backupDirectory = await bench.emptyDirectory(`artifact-${method}`);
	await runJob({
		kind: 'dump',
		engine: 'built-in',
		connection: connectionTo(server),
		databases: [database],
		compression: { method },
		backupDirectory,
	});
	const names = await readdir(join(backupDirectory, 'postgres'));
	const name = names.find((candidate) => /\.sql\.(gz|zst)$/.test(candidate));
	if (name === undefined) throw new Error(`There is no dump in ${backupDirectory}`);
	return join(backupDirectory, 'postgres', name);
}
