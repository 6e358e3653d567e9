import { dumpError, dumpWarnings } from '../../../../core/postgres/dump/dumpError';
import type { PostgresConnection } from '../../../../core/postgres/connect/connection';

const connection: PostgresConnection = {
	host: 'db',
	port: 5432,
	user: 'n8n',
	password: 'secret',
	database: 'n8n',
	tls: { mode: 'disable', verifyCertificate: true },
};
const request = { database: 'n8n', selection: {}, noOwner: false, noPrivileges: false };
const failure = (messages: string, more: { connectionError?: unknown; ending?: string } = {}) =>
	dumpError({ connection, request, messages, ending: 'it ended with exit code 1', ...more });

test.each([
	['FATAL:  database "n8n" does not exist', 'not-found', 'Correct the name of the database'],
	['FATAL:  password authentication failed for user "n8n"', 'auth', 'Correct user and password'],
	['FATAL:  no pg_hba.conf entry for host "1.2.3.4"', 'auth', 'pg_hba.conf'],
	['FATAL:  role "n8n" does not exist', 'auth', 'Correct user and password'],
	[
		'error: query failed: ERROR:  permission denied for table t',
		'not-permitted',
		'grant the user pg_read_all_data',
	],
	['ERROR:  canceling statement due to lock timeout', 'server', 'raise the lock time-out'],
	['FATAL:  sorry, too many clients already', 'server', 'raise its max_connections'],
	['FATAL:  the database system is starting up', 'unreachable', 'Wait until that server accepts connections'],
	['error: no matching tables were found', 'bad-parameter', 'Correct the names of schemas and tables'],
	['error: aborting because of server version mismatch', 'unsupported', 'of the server’s own version'],
	['error: out of memory', 'server', 'Give the server more memory'],
	['ERROR:  invalid memory alloc request size 1258291203', 'server', 'no pg_dump can read it'],
	['server closed the connection unexpectedly', 'unreachable', 'Look into that server’s log'],
	['something new', 'server', 'Look into PostgreSQL’s log'],
])('%s is %s', (words, code, advice) => {
	const error = failure(`pg_dump: ${words}\n`);
	expect(error.code).toBe(code);
	expect(error.what).toBe(`pg_dump failed on the database “n8n” of PostgreSQL at db:5432: ${words}.`);
	expect(error.advice).toContain(advice);
});

test('libpq’s idea of the address gives way to the real one, and noise is left out', () => {
	const messages = [
		'could not find a "pg_dump" to execute',
		'pg_dump: error: connection to server at "localhost" (127.0.0.1), port 41003 failed: FATAL:  odd',
		'',
	].join('\n');
	expect(failure(messages).what).toContain(
		': error: connection to server at "db", port 5432 failed: FATAL:  odd.',
	);
});

test('several lines become one sentence', () => {
	expect(failure('pg_dump: error: a.\npg_dump: detail: b;\n').what).toContain(': error: a; detail: b.');
});

test.each([
	'pg_dump: detail: Query was: LOCK TABLE public.a, public.b IN ACCESS SHARE MODE',
	'pg_dump: error: query was: SELECT a\nFROM b\nWHERE c',
	'/usr/lib/postgresql/15/bin/pg_dump: detail: Command was: COPY public.a (b) TO stdout;',
])('the statement that failed is left to the server’s log: %j', (words) => {
	const error = failure(`pg_dump: error: permission denied for table a\n${words}\npg_dump: hint: Ask.\n`);
	expect(error.what).toMatch(/db:5432: error: permission denied for table a; hint: Ask\.$/);
	expect((error.cause as Error).message).toContain(words);
});

test('a program that said nothing is described by its end', () => {
	expect(failure('', { ending: 'it was ended by SIGKILL' }).what).toContain(': it was ended by SIGKILL.');
});

test('a program that said nothing because its connection broke is a network error', () => {
	const error = failure('', { connectionError: Object.assign(new Error('x'), { code: 'ECONNRESET' }) });
	expect(error.message).toContain('The connection to PostgreSQL at db:5432 was lost.');
});

test('warnings come line by line', () => {
	expect(
		dumpWarnings(
			'pg_dump: warning: circular\npg_dump: detail: a\ncould not find a "pg_dump" to execute\n',
			connection,
		),
	).toEqual(['warning: circular', 'detail: a']);
});

test.each([
	['3D000', 'not-found', 'Correct the name of the database'],
	['28P01', 'auth', 'Correct user and password'],
	['28000', 'auth', 'Correct user and password'],
	['42501', 'not-permitted', 'grant the user pg_read_all_data'],
	['42P01', 'server', 'A table was dropped or renamed while the dump began: run it again'],
	['55P03', 'server', 'raise the lock time-out'],
	['57014', 'server', 'raise the lock time-out'],
	['53100', 'server', 'Free space on the server’s disk'],
	['53200', 'server', 'Give the server more memory'],
	['53300', 'server', 'raise its max_connections'],
	['54000', 'server', 'Exclude that table’s data'],
	['57P01', 'unreachable', 'Look into that server’s log'],
	['57P03', 'unreachable', 'Wait until that server accepts connections'],
	['XX001', 'server', 'keep the backups that you have'],
	['22P02', 'server', 'Look into that server’s log for more'],
])('SQLSTATE %s means the same in every language', (sqlState, code, advice) => {
	// English words for something else do not count then.
	const error = dumpError({
		connection,
		request,
		messages: 'pg_dump: error: FEHLER:  out of memory permission denied',
		sqlState,
		ending: '',
	});
	expect(error).toMatchObject({ code, advice: expect.stringContaining(advice) as string });
});

test.each([
	'ERROR:  relation "public.gone" does not exist',
	'ERROR:  could not open relation with OID 16423',
	'ERROR:  cache lookup failed for relation 16423',
])('a table that goes while the dump begins: %s', (words) => {
	expect(failure(`pg_dump: error: query failed: ${words}\n`).advice).toBe(
		'A table was dropped or renamed while the dump began: run it again.',
	);
	expect(dumpError({ connection, request, messages: words, sqlState: 'XX000', ending: '' }).advice).toBe(
		'A table was dropped or renamed while the dump began: run it again.',
	);
});

test('an engine that is full before it read a table needs another engine, whatever the server said', () => {
	const error = dumpError({
		connection,
		request,
		messages: 'pg_dump: error: out of memory',
		sqlState: '08P01',
		isMemoryFull: true,
		ending: '',
	});
	expect(error).toMatchObject({ code: 'unsupported' });
	expect(error.message).toBe(
		'The definitions in “n8n” of PostgreSQL at db:5432 are more than the built-in engine holds, whose memory ends at 2 GB. Use the engine “docker” or “local”.',
	);
});
