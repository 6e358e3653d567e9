import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { RestoreReport, RestoreRequest } from '../../../../core/postgres/restore/request';
import { restoreDump } from '../../../../core/postgres/restore/restoreDump';
import type { PostgresServer } from '../../../../lab/servers/postgres';
import { connectionTo, never } from './dumps';

/** Restores into a server as its superuser; a new database `restored` unless the request says otherwise. */
export async function restore(
	server: PostgresServer,
	request: Partial<RestoreRequest> & Pick<RestoreRequest, 'artifactPath'>,
	signal: AbortSignal = never,
): Promise<RestoreReport> {
	const target = { kind: 'new', database: 'restored' } as const;
	return restoreDump({ connection: connectionTo(server), target, ...request }, signal);
}

/** A dump of those statements, as pg_dump frames it, in a gzip file. */
export async function writeDump(path: string, sql: string, serverVersion?: string): Promise<string> {
	await writeFile(path, gzipSync(dumpText(sql, serverVersion)));
	return path;
}

/** Statements as pg_dump frames them. */
export function dumpText(sql: string, serverVersion = '13.1'): string {
	return [
		'--\n-- PostgreSQL database dump\n--\n',
		'\\restrict key\n',
		`-- Dumped from database version ${serverVersion}`,
		'-- Dumped by pg_dump version 18.3\n',
		'SET statement_timeout = 0;',
		'SET transaction_timeout = 0;',
		"SET client_encoding = 'UTF8';",
		"SELECT pg_catalog.set_config('search_path', '', false);\n",
		sql,
		'\n--\n-- PostgreSQL database dump complete\n--\n',
		'\\unrestrict key\n',
	].join('\n');
}

/** Databases that are neither the server's own nor of the test's making. */
export async function scratchDatabases(server: PostgresServer): Promise<string[]> {
	const rows = await server.query<{ datname: string }>(
		`SELECT datname FROM pg_database WHERE datname LIKE 'n8n\\_backup\\_%' ORDER BY 1`,
	);
	return rows.map(({ datname }) => datname);
}

export async function databaseNames(server: PostgresServer): Promise<string[]> {
	const rows = await server.query<{ datname: string }>(
		`SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1`,
	);
	return rows.map(({ datname }) => datname);
}

export async function dropDatabases(server: PostgresServer): Promise<void> {
	for (const name of await databaseNames(server)) {
		await server.query(`DROP DATABASE "${name.replaceAll('"', '""')}" WITH (FORCE)`);
	}
}
