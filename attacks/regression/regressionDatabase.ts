import { execFile } from 'node:child_process';
import { chmod, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { clientProgram } from '../../lab/servers/postgresBinaries.ts';
import { regressionSuite } from '../../lab/servers/regressionSuite.ts';

/** Scripts about what all databases share, and one that fills the server's stack. */
const leftOut = new Set(['tablespace', 'database', 'infinite_recurse', 'subscription']);

/** Seconds for one script: some wait for other sessions that are not there. */
const mostSeconds = 120;

/**
 * Makes the database that PostgreSQL's own tests leave behind. They are version 15's: what another server does not
 * know, and what needs the tests' C library, fails and is passed over.
 *
 * @param choose which scripts are run; the first one, which makes the tables of all others, always is
 */
export async function makeRegressionDatabase(
	server: PostgresServer,
	database: string,
	{ scratch, choose = () => true }: { scratch: string; choose?: (script: string) => boolean },
): Promise<void> {
	const { folder, scripts } = await regressionSuite();
	// The server, which is another user, reads the data from there and writes results beside it.
	const suite = join(scratch, 'regress');
	await cp(folder, suite, { recursive: true });
	await mkdir(join(suite, 'results'), { recursive: true });
	await chmod(scratch, 0o755);
	await chmod(join(suite, 'results'), 0o777);
	await server.createDatabase(database, 'TEMPLATE template0');
	const chosen = scripts.filter((script) => script === 'test_setup' || choose(script));
	for (const script of chosen.filter((name) => !leftOut.has(name)))
		await runScript(server, database, suite, script);
}

async function runScript(
	server: PostgresServer,
	database: string,
	suite: string,
	script: string,
): Promise<void> {
	const psql = await clientProgram('psql');
	const env = {
		PATH: process.env.PATH,
		PGHOST: server.host,
		PGPORT: String(server.port),
		PGUSER: server.user,
		PGPASSWORD: server.password,
		PGDATABASE: database,
		PGTZ: 'PST8PDT',
		PGDATESTYLE: 'Postgres, MDY',
		PGOPTIONS: '-c intervalstyle=postgres_verbose -c statement_timeout=30s -c lock_timeout=5s',
		PG_ABS_SRCDIR: suite,
		PG_ABS_BUILDDIR: suite,
		PG_LIBDIR: '/nowhere',
		PG_DLSUFFIX: '.so',
	};
	await new Promise<void>((resolve) => {
		const options = { cwd: suite, env, timeout: mostSeconds * 1000, maxBuffer: 1e9 };
		// Most scripts are about what fails.
		execFile(psql, ['-Xq', '-f', join(suite, 'sql', `${script}.sql`)], options, () => resolve());
	});
}
