import type { CompressionMethod } from '../../artifact';
import { type ArtifactMeasures, readArtifact } from '../../artifact/readArtifact';
import type { DecryptionKeys } from '../../encryption';
import { BackupError } from '../../errors';
import type { Queries } from '../queries';
import { SqlLexer } from '../sql';
import { readDumpHead } from './dumpHead';
import { DumpLoader } from './dumpLoader';
import { DumpNames } from './dumpNames';
import type { DumpSession } from './dumpSession';
import { type HelperSession, HelperSessions } from './helperSessions';
import { IndexBuilders } from './indexBuilders';
import { Leniency } from './leniency';
import { PlaceRules } from './placeRules';
import type { RestoreOptions } from './request';
import { RoleRules } from './roleRules';
import { readSurroundings } from './surroundings';
import { TableFilter } from './tableFilter';

/** The empty database that a dump is loaded into. */
export interface LoadTarget {
	session: DumpSession;
	/** Of the same session. */
	queries: Queries;
	serverMajor: number;
	/** Opens a session beside it; without that, one session does it all. */
	openHelper?: () => Promise<HelperSession>;
	/** See `HelperOptions`. */
	isBetweenTransactions?: () => boolean;
}

export interface LoadRequest {
	artifactPath: string;
	compression: CompressionMethod;
	/** For a dump that is encrypted. */
	keys?: DecryptionKeys;
	target: LoadTarget;
	options: RestoreOptions;
	/** Makes UTF-8 of the dump, for a target that takes nothing else. */
	toUtf8?: (raw: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
	onBytes?: (rawBytes: number) => void;
}

export interface Loaded extends ArtifactMeasures {
	rows: Record<string, number>;
	/** Tables that no census can be compared with, since their extension was left out. */
	leftOutTables: string[];
	warnings: string[];
}

/**
 * Settings of every session that restores. A crash of the server loses the half-restored database either way. Strings
 * are read as we read them, whatever the server's own settings say.
 */
export const loadSettings = { synchronous_commit: 'off', standard_conforming_strings: 'on' };

/**
 * What a dump sets for itself and would mislead the queries that follow on the same session; and a transaction that it
 * left open, which would otherwise be compared now and be lost when the session ends.
 */
const undoDumpSettings = [
	'COMMIT',
	'RESET client_encoding',
	'RESET search_path',
	'RESET standard_conforming_strings',
];

/** Building indexes in parallel needs no more of the dump before this version. */
const parallelSince = 11;

/**
 * Streams a dump into an empty database. It takes one pass over the artifact and holds one chunk and one
 * statement of it.
 *
 * @throws BackupError for what is wrong with the artifact, with what it holds, or with the server
 */
export async function loadDump(request: LoadRequest, signal: AbortSignal): Promise<Loaded> {
	const { session, queries, serverMajor, openHelper, isBetweenTransactions } = request.target;
	const { artifactPath: path, compression, keys, onBytes } = request;
	const { toUtf8 = (raw: AsyncIterable<Buffer>) => raw } = request;
	const { encoding = 'UTF8' } = await readDumpHead(path, compression, keys);
	const names = new DumpNames(request.toUtf8 ? 'UTF8' : encoding);
	const options = names.options(request.options);
	const leniency = new Leniency(options);
	const sessions = serverMajor >= parallelSince ? (options.indexJobs ?? 2) : 1;
	await using helpers = new HelperSessions({
		count: sessions - 1,
		open: openHelper,
		isBetweenTransactions,
		signal,
	});
	const surroundings = names.surroundings(await readSurroundings(queries));
	const loader = new DumpLoader({
		session,
		names,
		indexes: new IndexBuilders({ helpers, leniency }),
		helpers,
		roles: new RoleRules(options, surroundings.roles),
		places: new PlaceRules(surroundings),
		leniency,
		filter: options.tables && new TableFilter(options.tables, (text) => names.readable(text)),
		serverMajor,
	});
	const measures = await readArtifact(
		{ path, compression, keys, onBytes },
		async (raw) => feed(loader, toUtf8(withinLimit(raw, options.maxRawBytes))),
		signal,
	);
	for (const statement of undoDumpSettings) await queries.query(statement);
	return {
		...measures,
		rows: Object.fromEntries(loader.rows),
		leftOutTables: leniency.leftOutTables.map((table) => names.readable(table)),
		warnings: loader.warnings,
	};
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
