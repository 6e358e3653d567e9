import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from '../../scripts/servers/postgres.ts';
import type { PostgresConnection } from '../../core/postgres/connection.ts';
import type { Bench } from '../harness/bench.ts';
import type { DumpJob } from '../harness/jobs.ts';
import { runJob } from '../harness/runJob.ts';

export function connectionTo({ host, port, user, password }: PostgresServer): PostgresConnection {
	const tls = { mode: 'disable', verifyCertificate: true } as const;
	return { host, port, user, password, database: 'postgres', tls };
}

/** libpq's environment, for the peers. */
export function environmentFor(server: PostgresServer, database: string): NodeJS.ProcessEnv {
	return {
		PGHOST: server.host,
		PGPORT: String(server.port),
		PGUSER: server.user,
		PGPASSWORD: server.password,
		PGDATABASE: database,
	};
}

/** Dumps of one database: by our engines, by pg_dump alone, and by the pipes that people have in scripts. */
export async function measureDumps(bench: Bench, server: PostgresServer, database: string): Promise<void> {
	const connection = connectionTo(server);
	const env = environmentFor(server, database);
	const output = join(await bench.emptyDirectory('peers'), 'dump');
	const dump = (engine: DumpJob['engine'], method: 'gzip' | 'zstd') => (backupDirectory: string) =>
		({
			kind: 'dump',
			engine,
			connection,
			databases: [database],
			compression: { method },
			backupDirectory,
		}) as const;
	const aside = { env, isAside: true };

	await bench.race(
		[
			bench.ours('Postgres Back Up, built-in, zstd', dump('built-in', 'zstd')),
			bench.ours('Postgres Back Up, local, zstd', dump('local', 'zstd')),
			bench.ours('Postgres Back Up, built-in, gzip', dump('built-in', 'gzip')),
			...bench.peer('pg_dump > /dev/null', 'pg_dump > /dev/null', { env }),
			...bench.peer('pg_dump | gzip', `pg_dump | gzip > ${output}`, { env }),
			...bench.peer('pg_dump | zstd -3', `pg_dump | zstd -q -3 > ${output}`, { ...aside, needs: 'zstd' }),
			...bench.peer('pg_dump | pigz', `pg_dump | pigz > ${output}`, { ...aside, needs: 'pigz' }),
			...bench.peer('pg_dump -Z 6', `pg_dump -Z 6 > ${output}`, aside),
			...bench.peer('pg_dump -Fc', `pg_dump -Fc > ${output}`, aside),
		],
		[
			['Postgres Back Up, built-in, zstd', 'pg_dump > /dev/null'],
			['Postgres Back Up, built-in, zstd', 'pg_dump | zstd -3'],
			['Postgres Back Up, local, zstd', 'pg_dump > /dev/null'],
			['Postgres Back Up, built-in, gzip', 'pg_dump | gzip'],
			['Postgres Back Up, built-in, gzip', 'pg_dump | pigz'],
			['Postgres Back Up, built-in, gzip', 'pg_dump -Z 6'],
			['Postgres Back Up, built-in, gzip', 'pg_dump -Fc'],
		],
	);
}

/** Verifying a dump: ours reads its SQL as well and counts every row, the peer only unpacks and hashes. */
export async function measureVerify(bench: Bench, server: PostgresServer, database: string): Promise<void> {
	const path = await makeArtifact(bench, server, database);
	await bench.race(
		[
			{
				name: 'Verify of a gzip dump',
				run: () => runJob({ kind: 'verify', component: 'postgres', path }),
			},
			...bench.peer('gunzip -t; sha256sum', `gunzip -t ${path}; sha256sum ${path}`),
		],
		[['Verify of a gzip dump', 'gunzip -t; sha256sum']],
	);
}

/** One gzip dump, out of the reach of the races' own clearing up. */
export async function makeArtifact(bench: Bench, server: PostgresServer, database: string): Promise<string> {
	const backupDirectory = await bench.emptyDirectory('artifact');
	await runJob({
		kind: 'dump',
		engine: 'built-in',
		connection: connectionTo(server),
		databases: [database],
		compression: { method: 'gzip' },
		backupDirectory,
	});
	const names = await readdir(join(backupDirectory, 'postgres'));
	const name = names.find((candidate) => candidate.endsWith('.sql.gz'));
	if (name === undefined) throw new Error(`There is no dump in ${backupDirectory}`);
	return join(backupDirectory, 'postgres', name);
}
