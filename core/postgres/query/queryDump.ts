import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { compressionOf, type Manifest, type OnProgress } from '../../artifact';
import { manifestOrProblem } from '../../artifact/verifyArtifact';
import type { DecryptionKeys } from '../../encryption';
import { cancelledError } from '../../errors';
import { fromWorkerError } from '../../errors/workerError';
import { AnswerRows, type QueryAnswer } from '../../query/answer';
import {
	assertAsked,
	defaultMaxRows,
	defaultTimeoutMs,
	type QueryLimits,
	withinTime,
} from '../../query/limits';
import { assertMemory, neededDisk } from '../embedded/limits';
import { endedEarly, runInside } from '../embedded/runInside';
import { Scratch } from '../embedded/scratch';
import type { QueryLine } from './queryProcess';

export interface DumpQueryRequest extends QueryLimits {
	artifactPath: string;
	/** For a dump that is encrypted. */
	keys?: DecryptionKeys;
	/** The backup directory: beside the system's, a place for what lies on disk meanwhile. */
	root: string;
	/** One statement that gives rows. A name without a schema is looked for in `public`. */
	sql: string;
	/**
	 * Tables whose rows it needs besides those that it names, since a function reads them; written as in the census, or
	 * without their schema.
	 */
	tables?: readonly string[];
	onProgress?: OnProgress;
}

export interface DumpQueryAnswer extends QueryAnswer {
	/** Tables whose rows were there to be asked for, as the census calls them. */
	tables: string[];
}

const defaultMaxBytes = 2 * 1024 ** 3;

const script = join(__dirname, 'queryProcess.js');

/**
 * Asks a dump as if it were a database: its definitions and the rows of the tables that the query reads are restored into
 * the embedded PostgreSQL, the other rows are passed over, and the query is asked there, to read only. Its time counts
 * from when the dump has been read.
 *
 * What of the definitions cannot be made, for an extension or the rows of other tables are not there, is left out and
 * said in the notes.
 *
 * @throws BackupError `bad-parameter` for a query that PostgreSQL refuses, `not-found` for a table that the dump does
 * not have, or for what is wrong with the artifact
 */
export async function queryDump(request: DumpQueryRequest, signal: AbortSignal): Promise<DumpQueryAnswer> {
	const startedAt = performance.now();
	if (signal.aborted) throw cancelledError(signal.reason);
	assertAsked(request.sql);
	const { artifactPath, keys, root, sql, tables = [], timeoutMs = defaultTimeoutMs } = request;
	const { maxRows = defaultMaxRows, maxBytes = defaultMaxBytes } = request;
	const { manifest, problems } = await manifestOrProblem(artifactPath);
	await assertMemory();
	const needed = await neededDisk(artifactPath, Math.min(maxBytes, manifest?.rawBytes ?? 0));
	await using scratch = await Scratch.make([tmpdir(), root], needed);
	const compression = manifest?.compression ?? compressionOf(basename(artifactPath));

	const answer = new AnswerRows(maxRows);
	const asked = { tables: [] as string[], notes: problems };
	await withinTime(
		timeoutMs,
		async (ending, begins) => {
			let last: QueryLine | undefined;
			const onLine = (line: QueryLine) => {
				last = line;
				if (line.kind === 'progress') {
					const step = `Reading ${basename(artifactPath)}`;
					request.onProgress?.({ step, rawBytes: line.rawBytes, totalBytes: manifest?.rawBytes });
				} else if (line.kind === 'asking') {
					begins();
					asked.tables = line.tables;
					asked.notes.push(...line.notes, ...otherFile(line.sha256, manifest));
				} else if (line.kind === 'columns') answer.columns = line.columns;
				else if (line.kind === 'row') answer.add(line.row);
			};
			const inside = {
				directory: scratch.path,
				artifactPath,
				compression,
				keys,
				sql,
				tables,
				maxRows,
				maxBytes,
			};
			const end = await runInside(script, inside, onLine, ending);
			if (last?.kind === 'failed') throw fromWorkerError(last.error);
			if (last?.kind !== 'end') throw endedEarly(end, 'ask a database on a server that it is restored into');
		},
		signal,
	);
	const { notes, ...rest } = answer.finish();
	return {
		...rest,
		notes: [...asked.notes, ...notes],
		tables: asked.tables,
		durationMs: Math.round(performance.now() - startedAt),
	};
}

function otherFile(sha256: string, manifest: Manifest | undefined): string[] {
	if (!manifest || manifest.sha256 === sha256) return [];
	return ['The file is not the one that its manifest describes: its SHA-256 differs.'];
}
