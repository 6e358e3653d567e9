import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { command } from '../../lab/command.ts';
import { libpqEnvironment } from '../../lab/servers/environments.ts';
import type { Random } from '../../lab/random.ts';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { asPostgresRestores, catalogText } from '../judges/catalogText.ts';
import { fingerprint } from '../judges/databases.ts';
import { makeRegressionDatabase } from './regressionDatabase.ts';

const majors = [13, 14, 15, 16, 17, 18];

/** The newest that the machine's own pg_dump dumps. */
const nativeMajor = 15;

/** Everything that PostgreSQL can have in a database, as its own tests leave it. */
export const regressionDatabases: Attack[] = [
	...majors.map((major): Attack => ({
		promise: 'restored',
		fault: `PostgreSQL’s own regression database on ${major}, dumped and restored`,
		faults: { whole: major <= nativeMajor ? 2 : 1, short: 0 },
		open: async (scratch) => await open(scratch, major),
	})),
	{
		promise: 'restored',
		fault: 'what a few of PostgreSQL’s regression tests leave on any major, dumped and restored',
		faults: { whole: 60, short: 1 },
		open: async (scratch) => await Promise.resolve(anyMajor(scratch)),
	},
];

/** All scripts once; each engine dumps what they left. */
async function open(scratch: string, major: number): Promise<Arena> {
	let server: PostgresServer | undefined;
	let strikes = 0;
	return {
		async strike() {
			if (server === undefined) {
				server = await startPostgres({ major, settings: { max_connections: '20' } });
				await makeRegressionDatabase(server, 'regression', { scratch });
			}
			const engine = strikes++ % 2 === 0 || major > nativeMajor ? 'built-in' : 'local';
			await dumpAndRestore(server, join(scratch, 'backups'), engine);
			return true;
		},
		[Symbol.asyncDispose]: async () => await server?.stop(),
	};
}

const fewScripts = 5;

function anyMajor(scratch: string): Arena {
	return {
		async strike(random: Random) {
			const major = random.pick(majors);
			const server = await startPostgres({ major });
			try {
				const directory = join(scratch, 'few');
				await rm(directory, { recursive: true, force: true });
				await mkdir(directory);
				// Of some two hundred.
				const choose = () => random.below(Math.round(200 / fewScripts)) === 0;
				await makeRegressionDatabase(server, 'regression', { scratch: directory, choose });
				await dumpAndRestore(server, join(directory, 'backups'), 'built-in');
				return true;
			} finally {
				await server.stop();
			}
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

async function dumpAndRestore(
	server: PostgresServer,
	root: string,
	engine: 'built-in' | 'local',
): Promise<void> {
	await rm(root, { recursive: true, force: true });
	await mkdir(root);
	const env = { ...libpqEnvironment(server), PGSSLMODE: 'disable' };
	const run = async (...args: string[]) => {
		const { exitCode, stderr } = await command([...args, '--directory', root], env);
		assertKept(exitCode === 0, `${args.slice(0, 2).join(' ')} by ${engine}: ${stderr}`);
	};
	await server.query('DROP DATABASE IF EXISTS restored WITH (FORCE)');
	const native = engine === 'local' ? ['--pg-dump', 'pg_dump'] : [];
	await run('create', 'postgres', '--database', 'regression', ...native);
	await run('restore', 'postgres', 'newest', '--into', 'restored');
	await restoreByPsql(server, root);
	const [ours, theirs] = [await catalogText(server, 'restored'), await catalogText(server, 'by_psql')];
	assertSame(theirs, ours, 'psql restores it otherwise');
	const source = await catalogText(server, 'regression');
	assertSame(asPostgresRestores(source), asPostgresRestores(ours), 'It is not what was dumped');
	if (server.major > nativeMajor) return;
	const [dumped, restored] = [await fingerprint(server, 'by_psql'), await fingerprint(server, 'restored')];
	assertKept(dumped === restored, 'The native pg_dump says something else of what was restored');
}

const loggedIdentity = /( AS IDENTITY \(\n {4}SEQUENCE NAME .*\n) {4}LOGGED\n/g;

/** The same dump by the program that PostgreSQL has for it; what a newer pg_dump sets and the server does not know is an error. */
async function restoreByPsql(server: PostgresServer, root: string): Promise<void> {
	const directory = join(root, 'postgres');
	const name = (await readdir(directory)).find((one) => one.endsWith('.sql.gz'))!;
	const written = gunzipSync(await readFile(join(directory, name))).toString('latin1');
	// Said since version 15 of what every older server does by itself, and does not understand.
	const sql = server.major < 15 ? written.replace(loggedIdentity, '$1') : written;
	await server.query('DROP DATABASE IF EXISTS by_psql WITH (FORCE)');
	await server.createDatabase('by_psql', 'TEMPLATE template0');
	await server.client('psql', ['-Xq'], { database: 'by_psql', input: Buffer.from(sql, 'latin1') });
}

function assertSame(expected: string[], found: string[], what: string): void {
	const [had, has] = [new Set(expected), new Set(found)];
	const gone = expected.filter((line) => !has.has(line)).map((line) => `- ${line}`);
	const added = found.filter((line) => !had.has(line)).map((line) => `+ ${line}`);
	const difference = [...gone, ...added].slice(0, 12).join('\n').slice(0, 3000);
	assertKept(difference === '' && expected.length === found.length, `${what}: ${difference}`);
}
