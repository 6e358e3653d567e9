import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../../../../core/artifact';
import type { PostgresConnection } from '../../../../core/postgres/connect/connection';
import { builtInDump } from '../../../../core/postgres/dump/builtIn/builtInDump';
import { localDump } from '../../../../core/postgres/dump/local/localDump';
import type { DumpRequest } from '../../../../core/postgres/dump/dumpRequest';
import type { PostgresServer } from '../../../../lab/servers/postgres';

/** The engines that need nothing but a server, by their names. */
export const engines: Record<string, (connection: PostgresConnection, request: DumpRequest) => OpenSource> = {
	'built-in': builtInDump,
	local: (connection, request) => localDump(connection, request, { pgDumpPath: 'pg_dump' }),
};

export const never = new AbortController().signal;

/** The plain connection to a test server as its superuser. */
export function connectionTo(
	server: PostgresServer,
	more: Partial<PostgresConnection> = {},
): PostgresConnection {
	return {
		host: server.host,
		port: server.port,
		user: server.user,
		password: server.password,
		database: server.database,
		tls: { mode: 'disable', verifyCertificate: true },
		...more,
	};
}

/** A request for all of a database. */
export function requestFor(database: string, more: Partial<DumpRequest> = {}): DumpRequest {
	return { database, selection: {}, noOwner: false, noPrivileges: false, ...more };
}

/** Reads a source to its end, as the artifact pipeline does: stream and facts together. */
export async function readDump(
	open: OpenSource,
	signal: AbortSignal = never,
): Promise<{ sql: Buffer; facts: SourceFacts }> {
	const source = await open(signal);
	const chunks: Buffer[] = [];
	const sink = new Writable({
		write(chunk: Buffer, _encoding, callback) {
			chunks.push(chunk);
			callback();
		},
	});
	const [facts, piped] = await Promise.allSettled([source.finished, pipeline(source.stream, sink)]);
	if (facts.status === 'rejected') throw facts.reason;
	if (piped.status === 'rejected') throw piped.reason;
	return { sql: Buffer.concat(chunks), facts: facts.value };
}

/**
 * What native psql makes of a dump in a new database. Errors are left out that every pg_dump newer than the
 * server brings about.
 */
export async function restoreByPsql(server: PostgresServer, sql: Buffer, database: string): Promise<void> {
	await server.createDatabase(database, 'TEMPLATE template0');
	await server.client('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'], {
		database,
		input: sql,
	});
}

/**
 * A database in text that is the same for the same content: by the native pg_dump where it is new enough for the
 * server, else by the built-in one.
 */
export async function fingerprint(server: PostgresServer, database: string): Promise<string> {
	const clientMajor = Number(/(\d+)/.exec((await server.client('pg_dump', ['--version'])).toString())?.[1]);
	const sql =
		clientMajor >= server.major
			? await server.client('pg_dump', [], { database })
			: (await readDump(builtInDump(connectionTo(server), requestFor(database)))).sql;
	// Only \restrict's key is another one each time.
	return sql.toString('latin1').replace(/^\\(un)?restrict .*$/gm, '');
}
