import { basename, join } from 'node:path';
import type { OnProgress } from '../../artifact/source';
import { manifestOrProblem } from '../../artifact/verifyArtifact';
import type { DecryptionKeys } from '../../encryption';
import { BackupError, cancelledError } from '../../errors';
import { fromWorkerError } from '../../errors/workerError';
import { askProcess } from '../../process/askProcess';
import { describeEnd } from '../../process/run';
import { AnswerRows, type QueryAnswer } from '../../query/answer';
import {
	assertAsked,
	defaultMaxRows,
	defaultTimeoutMs,
	type QueryLimits,
	withinTime,
} from '../../query/limits';
import { makeScratch } from '../drill/scratch';
import { type TakenDatabase, takeDatabases } from '../drill/takeDatabases';
import { sniffCompression } from '../sniffCompression';
import type { DatabaseLine, DatabaseQuery } from './queryProcess';

export interface ArchiveQueryRequest extends QueryLimits {
	artifactPath: string;
	/** For an archive that is encrypted. */
	keys?: DecryptionKeys;
	/** The backup directory: beside the system's, a place for what lies on disk meanwhile. */
	root: string;
	/** One SELECT in SQLite's SQL. */
	sql: string;
	/** Path in the archive of the database that is asked; undefined: the only one, or n8n's own `database.sqlite`. */
	database?: string;
	onProgress?: OnProgress;
}

export interface ArchiveQueryAnswer extends QueryAnswer {
	/** Path in the archive of the database that was asked. */
	database: string;
}

const defaultMaxBytes = 20 * 1024 ** 3;

const script = join(__dirname, 'queryProcess.js');

/** As n8n calls it. */
const ofN8n = 'database.sqlite';

/**
 * Asks an SQLite database of an archive: it is taken out into a scratch directory and asked there, in another process
 * and to read only. The time counts from when it is there.
 *
 * @throws BackupError `bad-parameter` for a query that SQLite refuses, `not-found` or `unsupported` when the archive has no
 * such database, or for what is wrong with the artifact
 */
export async function queryArchive(
	request: ArchiveQueryRequest,
	signal: AbortSignal,
): Promise<ArchiveQueryAnswer> {
	const startedAt = performance.now();
	if (signal.aborted) throw cancelledError(signal.reason);
	assertAsked(request.sql);
	const { artifactPath, keys, sql, timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = request;
	const { manifest, problems } = await manifestOrProblem(artifactPath);
	await using scratch = await makeScratch(request.root);
	const step = `Taking the databases out of ${basename(artifactPath)}`;
	const taking = {
		artifactPath,
		keys,
		compression: manifest?.compression ?? (await sniffCompression(artifactPath, { keys })),
		scratch: scratch.path,
		maxBytes,
		onBytes: (rawBytes: number) => request.onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
	};
	const { databases, sha256 } = await takeDatabases(taking, signal);
	const chosen = choose(databases, request);
	const { maxRows = defaultMaxRows } = request;
	const rows = new AnswerRows(maxRows);
	await withinTime(
		timeoutMs,
		async (ending, begins) => {
			begins();
			await askInProcess({ location: chosen.location, sql, maxRows }, rows, ending);
		},
		signal,
	);
	const { notes, ...answer } = rows.finish();
	const other =
		manifest && manifest.sha256 !== sha256
			? ['The file is not the one that its manifest describes: its SHA-256 differs.']
			: [];
	return {
		...answer,
		notes: [...problems, ...other, ...notes],
		database: chosen.path,
		durationMs: Math.round(performance.now() - startedAt),
	};
}

function choose(
	databases: readonly TakenDatabase[],
	{ artifactPath, database }: Pick<ArchiveQueryRequest, 'artifactPath' | 'database'>,
): TakenDatabase {
	const paths = databases.map(({ path }) => path);
	if (paths.length === 0) {
		throw new BackupError('unsupported', `${artifactPath} holds no SQLite database`, {
			advice: 'Ask the dump of the database that this n8n uses',
		});
	}
	const [only] =
		databases.length === 1 ? databases : databases.filter(({ path }) => basename(path) === ofN8n);
	const chosen = database === undefined ? only : databases.find(({ path }) => path === database);
	if (chosen) return chosen;
	if (database === undefined) {
		throw new BackupError('bad-parameter', `The archive holds several databases: ${paths.join(', ')}`, {
			advice: 'Say which one is asked (--database, Database)',
		});
	}
	const what = `The archive has no database ${database} (it has ${paths.join(', ')})`;
	throw new BackupError('not-found', what, { advice: 'Write its path in the archive' });
}

async function askInProcess(request: DatabaseQuery, rows: AnswerRows, signal: AbortSignal): Promise<void> {
	let last: DatabaseLine | undefined;
	const onAnswer = (line: DatabaseLine) => {
		last = line;
		if (line.kind === 'columns') rows.columns = line.columns;
		else if (line.kind === 'row') rows.add(line.row);
	};
	const end = await askProcess({ script, request, onAnswer }, signal);
	if (last?.kind === 'failed') throw fromWorkerError(last.error);
	if (last?.kind === 'end') return;
	throw new BackupError('internal', `SQLite’s process ${describeEnd(end)}: ${end.messages.trim()}`, {
		advice: 'Take the database out of the archive with tar, and ask it with sqlite3',
	});
}
