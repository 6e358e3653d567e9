import { BackupError, networkError } from '../../errors';
import { describeServer, type PostgresConnection } from '../connect/connection';
import type { DumpRequest } from './dumpRequest';
import { adviceBySqlState, type ServerAdvice } from '../connect/serverError';

export interface DumpFailure {
	connection: Pick<PostgresConnection, 'host' | 'port'>;
	request: Pick<DumpRequest, 'database'>;
	/** What pg_dump wrote to its standard error. */
	messages: string;
	/** Of the error that the server gave up with, where that is known: words are in the server's language. */
	sqlState?: string;
	/** What its connection failed with, where that is known. */
	connectionError?: unknown;
	/** Whether the program's own memory ended, which it has only in the built-in engine. */
	isMemoryFull?: boolean;
	/** How the program failed that it could not say by itself: `was killed by SIGKILL`. */
	ending: string;
}

/** What the server's errors mean to a dump, where that is something else than elsewhere. By SQLSTATE. */
const forDumps: Record<string, ServerAdvice> = {
	'42501': {
		code: 'not-permitted',
		advice:
			'Connect as the owner or a superuser, grant the user pg_read_all_data (PostgreSQL 14 and later), or exclude what it may not read',
	},
	'42P01': {
		code: 'server',
		advice: 'A table was dropped or renamed while the dump began: run it again',
	},
	'55P03': {
		code: 'server',
		advice:
			'Something else holds a table’s lock: run the backup at a quieter time, or raise the lock time-out',
	},
	'57014': {
		code: 'server',
		advice:
			'Something else holds a table’s lock: run the backup at a quieter time, or raise the lock time-out',
	},
	'53200': { code: 'server', advice: 'Give the server more memory, then run it again' },
	'54000': {
		code: 'server',
		advice:
			'A row is longer than the 1 GB that PostgreSQL passes on as text, where bytea takes twice its size: no pg_dump can read it. Exclude that table’s data, or divide the row',
	},
};

interface Diagnosis {
	pattern: RegExp;
	/** What the server says so. */
	sqlState?: string;
	/** What pg_dump says so, which has no SQLSTATE. */
	own?: ServerAdvice;
}

/**
 * What words mean where no SQLSTATE is known; the first that fits. pg_dump's own are in English always, and a
 * server's that speaks English.
 */
const diagnoses: Diagnosis[] = [
	{
		// From the parts of the server that speak of numbers, in no language but English.
		pattern: /could not open relation with OID|cache lookup failed for/,
		sqlState: '42P01',
	},
	{ pattern: /relation ".*" does not exist/, sqlState: '42P01' },
	{ pattern: /database ".*" does not exist/, sqlState: '3D000' },
	{
		pattern:
			/authentication failed|no password supplied|requires a valid client certificate|no pg_hba\.conf entry/,
		sqlState: '28P01',
	},
	{ pattern: /role ".*" (?:does not exist|is not permitted to log in)/, sqlState: '28000' },
	{ pattern: /permission denied/, sqlState: '42501' },
	{ pattern: /canceling statement due to (?:statement|lock) timeout/, sqlState: '55P03' },
	{ pattern: /too many (?:connections|clients)|remaining connection slots/, sqlState: '53300' },
	{
		pattern: /the database system is (?:starting up|shutting down|in recovery|not yet accepting)/,
		sqlState: '57P03',
	},
	{
		pattern: /no matching (?:tables|schemas|extensions) were found/,
		own: {
			code: 'bad-parameter',
			advice: 'Correct the names of schemas and tables; names with capitals need double quotes around them',
		},
	},
	{
		pattern: /server version mismatch/,
		own: {
			code: 'unsupported',
			advice: 'Use the engine “docker”, or a local pg_dump of the server’s own version or newer',
		},
	},
	{
		// The first from a part of the server that speaks no language but English.
		pattern: /invalid memory alloc request size|cannot enlarge string buffer/i,
		sqlState: '54000',
	},
	{ pattern: /out of memory|cannot allocate memory/i, sqlState: '53200' },
	// In the midst of work FATAL, which most languages leave so, is the end of the session.
	{ pattern: /Error message from server: FATAL:/, sqlState: '57P01' },
	{
		pattern:
			/closed the connection unexpectedly|terminating connection|connection .*(?:lost|reset|closed)|no connection to the server|could not receive data|PQgetCopyData\(\) failed/i,
		sqlState: '57P01',
	},
];

/** The last resort: a server of another language that was asked in vain for its reason. */
const refusedLogIn: Diagnosis = {
	pattern: /connection to server .*failed: \S+:/i,
	own: {
		code: 'server',
		advice:
			'Correct what it says there: user and password, pg_hba.conf, or a limit of connections, then run it again',
	},
};

/** Whether the words of a program, or of a server that speaks English, say what went wrong. */
export function isKnownByWords(said: string): boolean {
	return diagnoses.some(({ pattern }) => pattern.test(said));
}

function diagnose(said: string, sqlState: string | undefined): ServerAdvice {
	// The server's numbers for an internal error say less than its words.
	const isTelling = sqlState !== undefined && sqlState !== 'XX000';
	const all = [...diagnoses, refusedLogIn];
	const found = isTelling ? undefined : all.find(({ pattern }) => pattern.test(said));
	if (found?.own) return found.own;
	const state = isTelling ? sqlState : found?.sqlState;
	if (state !== undefined) return forDumps[state] ?? adviceBySqlState(state);
	return { code: 'server', advice: 'Look into PostgreSQL’s log for more, then run it again' };
}

/** pg_dump's own words about a failure, as a BackupError that names the server and says what to do. */
export function dumpError(failure: DumpFailure): BackupError {
	const { connection, request, connectionError, ending } = failure;
	if (failure.isMemoryFull) return memoryError(failure);
	const messages = readableMessages(failure.messages, connection);
	const server = describeServer(connection);
	if (messages.length === 0 && connectionError !== undefined) return networkError(connectionError, server);
	const said = messages.length > 0 ? asSentence(messages) : ending;
	const { code, advice } = diagnose(said, failure.sqlState);
	return new BackupError(code, `pg_dump failed on the database “${request.database}” of ${server}: ${said}`, {
		advice,
		cause: connectionError ?? (failure.messages === '' ? undefined : new Error(failure.messages)),
	});
}

/** pg_dump's own statement for a table's rows; its SQL is the same in every language. */
const readingRows = /^\S*pg_dump: (?:\w+: +)?command was: COPY ((?:"(?:[^"]|"")*"|[^\s"(])+) \(/im;

/** The limit is the engine's, so another one helps. */
function memoryError({ connection, request, messages }: DumpFailure): BackupError {
	const table = readingRows.exec(messages)?.[1];
	const database = `“${request.database}” of ${describeServer(connection)}`;
	const what =
		table === undefined
			? `The definitions in ${database} are more than the built-in engine holds, whose memory ends at 2 GB`
			: `A row of the table ${table} in ${database} is too long for the built-in engine, whose memory ends at 2 GB`;
	const others = 'Use the engine “docker” or “local”';
	return new BackupError('unsupported', what, {
		advice: table === undefined ? others : `${others}, or exclude that table’s data`,
		cause: new Error(messages),
	});
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
