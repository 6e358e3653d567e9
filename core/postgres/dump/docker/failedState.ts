import { type Container, type DockerClient, runExec } from '../../../docker';
import { quoteLiteral } from '../../sql';
import { isKnownByWords } from '../dumpError';
import { type ContainerLogin, containerProgram } from './containerProgram';

/** pg_dump's own words before a query of its own that was refused; they are in English always. */
const refusedQuery = /\bquery was: (.+)$/is;

/** libpq's own words. */
const refusedLogIn = /connection to server .* failed|could not connect to/i;

/** How psql begins what a server says when it is to say everything: `FEHLER:  42501: …`. */
const verboseState = /^\S+:\s+([0-9A-Z]{5}): /m;

const missingDatabase = '3D000';

/** Only to see it refused once more. */
const undoneAfterwards = ['BEGIN READ ONLY', `SET LOCAL statement_timeout = '2s'`];

export interface ContainerTarget {
	container: Container;
	login: ContainerLogin;
	database: string;
}

/**
 * The SQLSTATE of what a program in a container says that it was refused. The program shows only words, in a language
 * that may be any; so psql is to ask for the same once more, and to show the state. Undefined for words that are known, and
 * where the server cannot be asked, or refuses nothing the second time.
 *
 * @param messages what the program wrote to its standard error
 */
export async function stateOfFailure(
	client: DockerClient,
	target: ContainerTarget,
	messages: string,
	signal: AbortSignal,
): Promise<string | undefined> {
	if (signal.aborted || isKnownByWords(messages)) return undefined;
	const query = refusedQuery.exec(messages)?.[1];
	try {
		if (query !== undefined) return await stateOfQuery(client, target, query, signal);
		return refusedLogIn.test(messages) ? await stateOfLogIn(client, target, signal) : undefined;
	} catch {
		return undefined;
	}
}

async function stateOfQuery(
	client: DockerClient,
	target: ContainerTarget,
	query: string,
	signal: AbortSignal,
): Promise<string | undefined> {
	const commands = [...undoneAfterwards, query].flatMap((command) => ['-c', command]);
	const argv: [string, ...string[]] = ['psql', '-X', '-q', '-w', '-v', 'VERBOSITY=verbose', ...commands];
	const { stderr } = await runExec(client, containerProgram({ ...target, argv }), signal);
	return verboseState.exec(stderr)?.[1];
}

/** libpq shows no state of a log-in. Who gets into another database is told there whether this one exists. */
async function stateOfLogIn(
	client: DockerClient,
	{ database, ...who }: ContainerTarget,
	signal: AbortSignal,
): Promise<string | undefined> {
	if (database === '') return undefined;
	const question = `SELECT count(*) FROM pg_catalog.pg_database WHERE datname = ${quoteLiteral(database)}`;
	const argv: [string, ...string[]] = ['psql', '-X', '-A', '-t', '-w', '-c', question];
	const request = containerProgram({ ...who, database: 'template1', argv });
	const { exitCode, stdout } = await runExec(client, request, signal);
	return exitCode === 0 && stdout.trim() === '0' ? missingDatabase : undefined;
}
