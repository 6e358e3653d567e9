import type pg from 'pg';
import type { CompressionMethod } from '../../artifact';
import { type ArtifactMeasures, readArtifact } from '../../artifact/readArtifact';
import { BackupError } from '../../errors';
import { openClient } from '../client';
import type { PostgresConnection } from '../connection';
import { SqlLexer } from '../sql';
import { DumpLoader } from './dumpLoader';
import { IndexBuilders } from './indexBuilders';
import type { RestoreOptions } from './request';
import { RestoreSession } from './restoreSession';
import { RoleRules } from './roleRules';
import { TableFilter } from './tableFilter';

export interface LoadRequest {
	artifactPath: string;
	compression: CompressionMethod;
	connection: PostgresConnection;
	/** The database to load into; the client is connected to it. */
	database: string;
	client: pg.Client;
	serverMajor: number;
	options: RestoreOptions;
	onBytes?: (rawBytes: number) => void;
}

export interface Loaded extends ArtifactMeasures {
	rows: Record<string, number>;
	warnings: string[];
}

/** Settings of every session that restores. A crash of the server loses the half-restored database either way. */
export const loadSettings = { synchronous_commit: 'off' };

/** What a dump sets for itself and would mislead the queries that follow on the same session. */
const undoDumpSettings = 'RESET client_encoding; RESET search_path; RESET standard_conforming_strings';

/** Building indexes in parallel needs no more of the dump before this version. */
const parallelSince = 11;

/**
 * Streams a dump into an empty database. It takes one pass over the artifact and holds one chunk and one
 * statement of it.
 *
 * @throws BackupError for what is wrong with the artifact, with what it holds, or with the server
 */
export async function loadDump(request: LoadRequest, signal: AbortSignal): Promise<Loaded> {
	const { client, connection, database, options, serverMajor } = request;
	const settings = { ...loadSettings, ...options.settings };
	await using indexes = new IndexBuilders({
		jobs: serverMajor >= parallelSince ? (options.indexJobs ?? 2) : 1,
		openClient: () => openClient(connection, { database, settings }, signal),
		connection,
		signal,
	});
	const loader = new DumpLoader({
		session: new RestoreSession(client, connection, signal),
		indexes,
		roles: new RoleRules(options, await readRoles(client)),
		filter: options.tables && new TableFilter(options.tables),
		serverMajor,
	});
	const measures = await readArtifact(
		{ path: request.artifactPath, compression: request.compression, onBytes: request.onBytes },
		async (raw) => feed(loader, withinLimit(raw, options.maxRawBytes)),
		signal,
	);
	await client.query(undoDumpSettings);
	return { ...measures, rows: Object.fromEntries(loader.rows), warnings: loader.warnings };
}

async function feed(loader: DumpLoader, raw: AsyncIterable<Buffer>): Promise<void> {
	const lexer = new SqlLexer();
	for await (const chunk of raw) {
		for (const segment of lexer.push(chunk)) await loader.load(segment);
	}
	for (const segment of lexer.end()) await loader.load(segment);
	await loader.finish();
}

async function* withinLimit(raw: AsyncIterable<Buffer>, limit = Infinity): AsyncIterable<Buffer> {
	let bytes = 0;
	for await (const chunk of raw) {
		bytes += chunk.length;
		if (bytes > limit) throw overLimit(limit);
		yield chunk;
	}
}

/** The error for a dump that is larger than it may be. */
export function overLimit(limit: number): BackupError {
	return new BackupError(
		'bad-parameter',
		`The dump is larger than the ${limit} bytes that are allowed here`,
		{
			advice: 'Raise the limit, or choose another server that has the room',
		},
	);
}

async function readRoles(client: pg.Client): Promise<ReadonlySet<string>> {
	const result = await client.query<{ rolname: string }>('SELECT rolname FROM pg_catalog.pg_roles');
	return new Set(result.rows.map(({ rolname }) => rolname));
}
