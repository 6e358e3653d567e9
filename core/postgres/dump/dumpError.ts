import { BackupError, type BackupErrorCode, networkError } from '../../errors';
import { describeServer, type PostgresConnection } from '../connection';
import type { DumpRequest } from '../dumpRequest';
import { adviceFor } from '../serverError';

export interface DumpFailure {
	connection: Pick<PostgresConnection, 'host' | 'port'>;
	request: Pick<DumpRequest, 'database'>;
	/** What pg_dump wrote to its standard error. */
	messages: string;
	/** What its connection failed with, where that is known. */
	connectionError?: unknown;
	/** How the program failed that it could not say by itself: `was killed by SIGKILL`. */
	ending: string;
}

interface Diagnosis {
	pattern: RegExp;
	code: BackupErrorCode;
	advice: string;
}

const fromSqlState = (sqlState: string, pattern: RegExp): Diagnosis => ({ pattern, ...adviceFor(sqlState) });

/** What pg_dump's and the server's words mean; the first that fits. */
const diagnoses: Diagnosis[] = [
	fromSqlState('3D000', /database ".*" does not exist/),
	fromSqlState(
		'28P01',
		/authentication failed|no password supplied|requires a valid client certificate|no pg_hba\.conf entry/,
	),
	fromSqlState('28000', /role ".*" (?:does not exist|is not permitted to log in)/),
	{
		pattern: /permission denied/,
		code: 'not-permitted',
		advice:
			'Connect as the owner or a superuser, grant the user pg_read_all_data (PostgreSQL 14 and later), or exclude what it may not read',
	},
	{
		pattern: /canceling statement due to (?:statement|lock) timeout/,
		code: 'server',
		advice:
			'Something else holds a table’s lock: run the backup at a quieter time, or raise the lock time-out',
	},
	fromSqlState('53300', /too many (?:connections|clients)|remaining connection slots/),
	fromSqlState('57P03', /the database system is (?:starting up|shutting down|in recovery|not yet accepting)/),
	{
		pattern: /no matching (?:tables|schemas|extensions) were found/,
		code: 'bad-parameter',
		advice: 'Correct the names of schemas and tables; names with capitals need double quotes around them',
	},
	{
		pattern: /server version mismatch/,
		code: 'unsupported',
		advice: 'Use the engine “docker”, or a local pg_dump of the server’s own version or newer',
	},
	{
		pattern: /out of memory|cannot allocate memory|cannot enlarge|lost synchronization with server/i,
		code: 'unsupported',
		advice:
			'A single value may be too large for the built-in engine, whose memory ends at 2 GB: use the engine “docker” or “local”, or exclude that table’s data',
	},
	fromSqlState(
		'57P01',
		/closed the connection unexpectedly|terminating connection|connection .*(?:lost|reset|closed)|no connection to the server|could not receive data/i,
	),
];

/** pg_dump's own words about a failure, as a BackupError that names the server and says what to do. */
export function dumpError(failure: DumpFailure): BackupError {
	const { connection, request, connectionError, ending } = failure;
	const messages = readableMessages(failure.messages, connection);
	const server = describeServer(connection);
	if (messages.length === 0 && connectionError !== undefined) return networkError(connectionError, server);
	const said = messages.length > 0 ? asSentence(messages) : ending;
	const found = diagnoses.find(({ pattern }) => pattern.test(said));
	return new BackupError(
		found?.code ?? 'server',
		`pg_dump failed on the database “${request.database}” of ${server}: ${said}`,
		{
			advice: found?.advice ?? 'Look into PostgreSQL’s log for more, then run it again',
			cause: connectionError ?? (failure.messages === '' ? undefined : new Error(failure.messages)),
		},
	);
}

/** What pg_dump has to say on success, such as a circular foreign key: one line each. */
export function dumpWarnings(messages: string, connection: DumpFailure['connection']): string[] {
	return readableMessages(messages, connection);
}

/** Lines as one sentence: `error: Dumping the contents of table "t" failed; detail: Error message from server: …`. */
function asSentence(lines: string[]): string {
	return lines.map((line) => line.replace(/[.;]+$/, '')).join('; ');
}

/** The statement that failed, up to the program's next line: it may name all tables of the database. */
const statement =
	/^\S*pg_dump(?:all)?(?:\.exe)?: (?:\w+: +)?(?:query|command) was: .*(?:\n(?!\S*pg_dump(?:all)?(?:\.exe)?: ).*)*/gim;

/** Without statements and the program's name before each line, and with the server's address where libpq saw another one. */
function readableMessages(messages: string, { host, port }: DumpFailure['connection']): string[] {
	return messages
		.replace(statement, '')
		.split('\n')
		.map((line) => line.replace(/^\S*(?:pg_dump(?:all)?(?:\.exe)?|psql): /, '').trim())
		.filter((line) => line !== '' && !/could not find a "pg_dump" to execute/.test(line))
		.map((line) =>
			line.replace(
				/server at "(?:localhost|127\.0\.0\.1)"(?: \([^)]*\))?, port \d+/,
				`server at "${host}", port ${port}`,
			),
		);
}
