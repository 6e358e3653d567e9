import { BackupError } from '../../../errors';
import { type Container, type DockerClient, runExec } from '../../../docker';
import {
	type DatabaseList,
	databaseList,
	databaseQuestion,
	type DatabaseState,
} from '../../connect/databaseList';
import { undoTimeouts } from '../../connect/sessionSettings';
import { type ContainerLogin, containerProgram } from './containerProgram';
import { dumpError } from '../dumpError';
import { stateOfFailure } from './failedState';

/** What a server inside a container says of itself. */
export interface ContainerServer {
	/** The database that the log-in leads to, by name. */
	database: string;
	/** `15.18 (Debian 15.18-0+deb12u1)`. */
	version: string;
	databases: DatabaseList;
	/** Whether it speaks another language than English and would change that for this user. */
	canSpeakEnglish: boolean;
}

const question = `
SELECT pg_catalog.current_database()
UNION ALL SELECT pg_catalog.current_setting('server_version')
UNION ALL SELECT CASE WHEN pg_catalog.current_setting('is_superuser') = 'on'
	AND pg_catalog.current_setting('lc_messages') !~* '^(C|POSIX|en)' THEN 'can' ELSE 'no' END
UNION ALL (SELECT state || ' ' || name FROM (${databaseQuestion}) AS found)`;

/** Programs that the container lacks end so, and the engine says why on the program's behalf. */
const notRun = [126, 127];

/**
 * Asks the server inside a container, by the container's own psql, so that a wrong log-in or database is known
 * before a dump begins.
 *
 * @param database empty: the one that the container's environment names
 * @throws BackupError as {@link dumpError} maps psql's words; `unsupported` where the container has no `sh` or psql
 */
export async function askContainerServer(
	client: DockerClient,
	{ container, login, database }: { container: Container; login: ContainerLogin; database: string },
	signal: AbortSignal,
): Promise<ContainerServer> {
	// Names may hold line breaks, but no zero.
	const argv: [string, ...string[]] = ['psql', '-X', '-A', '-t', '-0', '-w', '-c', question];
	const request = containerProgram({ container, login, database, argv });
	const { exitCode, stdout, stderr } = await runExec(client, request, signal);
	if (notRun.includes(exitCode)) throw noClient(container, stderr || stdout);
	if (exitCode !== 0) {
		throw dumpError({
			connection: containerPlace(container),
			request: { database: database || '(the container’s default)' },
			messages: stderr,
			sqlState: await stateOfFailure(client, { container, login, database }, stderr, signal),
			ending: `psql ended with exit code ${exitCode}`,
		});
	}
	const [current = '', version = '', english = '', ...found] = stdout
		.split('\0')
		.filter((line) => line !== '');
	return {
		database: current,
		version,
		databases: databaseList(found.map(readDatabase)),
		canSpeakEnglish: english === 'can',
	};
}

/** A database of tens of thousands of tables has some megabytes to say. */
const answerLimitBytes = 256 * 1024 * 1024;

/**
 * Asks the server inside a container a question whose answer is lines of JSON.
 *
 * @throws BackupError as {@link askContainerServer}
 */
export async function askContainerForLines(
	client: DockerClient,
	{ container, login, database }: { container: Container; login: ContainerLogin; database: string },
	lines: string,
	signal: AbortSignal,
): Promise<string[]> {
	const argv: [string, ...string[]] = ['psql', '-X', '-A', '-t', '-q', '-w', '-c', undoTimeouts, '-c', lines];
	const request = containerProgram({ container, login, database, argv });
	const { exitCode, stdout, stderr } = await runExec(client, request, signal, answerLimitBytes);
	if (exitCode !== 0) {
		throw dumpError({
			connection: containerPlace(container),
			request: { database },
			messages: stderr,
			sqlState: await stateOfFailure(client, { container, login, database }, stderr, signal),
			ending: `psql ended with exit code ${exitCode}`,
		});
	}
	// Whatever the settings answer is no JSON.
	return stdout.split('\n').filter((line) => line.startsWith('{'));
}

function readDatabase(line: string): { state: DatabaseState; name: string } {
	const end = line.indexOf(' ');
	return { state: line.slice(0, end) as DatabaseState, name: line.slice(end + 1) };
}

/** How errors name the server: `PostgreSQL at myproject-postgres-1:5432`. */
export function containerPlace({ name }: Container): { host: string; port: number } {
	return { host: name, port: 5432 };
}

function noClient({ name, image }: Container, said: string): BackupError {
	return new BackupError(
		'unsupported',
		`The container ${name} cannot run PostgreSQL’s programs: ${said.trim()}`,
		{
			advice: `See whether ${name} (image ${image}) is the database server; for images without sh or psql use the built-in engine`,
		},
	);
}
