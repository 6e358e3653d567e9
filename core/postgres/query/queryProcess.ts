import type { CompressionMethod } from '../../artifact';
import type { DecryptionKeys } from '../../encryption';
import { BackupError } from '../../errors';
import { toWorkerError, type WorkerError } from '../../errors/workerError';
import type { AnswerRow } from '../../query/answer';
import { breakdown } from '../embedded/breakdown';
import { extensionsOf } from '../embedded/dumpExtensions';
import { embeddedQueries } from '../embedded/embeddedQueries';
import { EmbeddedSession } from '../embedded/embeddedSession';
import { hasExtension } from '../embedded/extensions';
import { progressOf, serveInside } from '../embedded/insideProcess';
import { readAsUtf8, type Rewriting } from '../embedded/readAsUtf8';
import { startEmbedded } from '../embedded/startEmbedded';
import { readDumpHead } from '../restore/dumpHead';
import type { Queries } from '../queries';
import { type Loaded, loadDump } from '../restore/loadDump';
import { ask } from './ask';
import { type ChosenTable, chooseTables } from './chosenTables';
import { QuerySession } from './querySession';

/** The process that PostgreSQL computes in to query a dump: see embedded/insideProcess.ts. */

/** The line of its input. */
export interface QueryInside {
	/** Empty, for PostgreSQL's files. */
	directory: string;
	artifactPath: string;
	compression: CompressionMethod;
	/** For a dump that is encrypted. */
	keys?: DecryptionKeys;
	sql: string;
	/** Tables whose rows are wanted besides those that the query reads. */
	tables: readonly string[];
	/** One more is said, where there are more. */
	maxRows: number;
	/** Of chosen rows. */
	maxBytes: number;
}

/** A line of its output; the last one is `end` or `failed`. */
export type QueryLine =
	| { kind: 'progress'; rawBytes: number }
	/** The dump has been read, and the query begins. */
	| { kind: 'asking'; sha256: string; tables: string[]; notes: string[] }
	| { kind: 'columns'; columns: string[] }
	| { kind: 'row'; row: AnswerRow }
	| { kind: 'end' }
	| { kind: 'failed'; error: WorkerError };

type Say = (line: QueryLine) => void;

const never = new AbortController().signal;

/** The embedded PostgreSQL's major version: statements that it does not know are left out. */
const serverMajor = 18;

async function answerTo(request: QueryInside, say: Say): Promise<QueryLine> {
	try {
		await queryHere(request, say);
		return { kind: 'end' };
	} catch (error) {
		return brokenDown(error, request);
	}
}

function brokenDown(error: unknown, { directory }: QueryInside): QueryLine {
	return { kind: 'failed', error: toWorkerError(asOfQuery(error, directory)) };
}

async function queryHere(request: QueryInside, say: Say): Promise<void> {
	const { artifactPath, compression, keys, directory, sql, maxRows, tables: named } = request;
	const { encoding } = await readDumpHead(artifactPath, compression, keys);
	const toUtf8 = readAsUtf8(encoding);
	const extensions = (await extensionsOf(artifactPath, compression, keys)).filter(hasExtension);
	const database = await startEmbedded({ directory, extensions, encoding });
	const queries = embeddedQueries(database);
	const choose = async () => await chooseTables(database, queries, { sql, named });
	const options = { session: new EmbeddedSession(database), onLoaded: withinBytes(request.maxBytes) };
	const load = async (session: QuerySession) => await loadInto({ session, queries, toUtf8, request, say });

	const session = new QuerySession({ ...options, takes: 'everything', choose });
	const { sha256 } = await load(session);
	const { tables, known } = await choose();
	const missing = without(tables, (await session.choice()).tables);
	if (missing.length > 0) {
		// As pg_dump does it where a view needs a key: what it reads is known in the end only.
		await queries.query('SET session_replication_role = replica');
		await load(
			new QuerySession({ ...options, takes: 'rows', choose: async () => ({ tables: missing, known }) }),
		);
	}
	const { notes } = session.leftOut;
	say({ kind: 'asking', sha256, tables: tables.map(({ written }) => written), notes });
	let rows = 0;
	await ask(database, queries, {
		...{ sql, known },
		onColumns: (columns) => say({ kind: 'columns', columns }),
		onRow: (row) => {
			say({ kind: 'row', row });
			return ++rows <= maxRows;
		},
	});
}

interface Loading {
	session: QuerySession;
	queries: Queries;
	toUtf8: Rewriting | undefined;
	request: QueryInside;
	say: Say;
}

async function loadInto({ session, queries, toUtf8, request, say }: Loading): Promise<Loaded> {
	const { artifactPath, compression, keys } = request;
	const target = { session, queries, serverMajor };
	const options = { missingRoles: 'create' } as const;
	const source = { artifactPath, compression, keys, toUtf8 };
	return await loadDump({ ...source, target, options, onBytes: progressOf(say) }, never);
}

function without(tables: readonly ChosenTable[], others: readonly ChosenTable[]): ChosenTable[] {
	const taken = new Set(others.map(({ written }) => written));
	return tables.filter(({ written }) => !taken.has(written));
}

function withinBytes(maxBytes: number): (bytes: number) => void {
	let sum = 0;
	return (bytes) => {
		sum += bytes;
		if (sum <= maxBytes) return;
		const megabytes = Math.floor(maxBytes / 1024 ** 2);
		const what = `The rows that the query needs take more than the ${megabytes} MB that are read for one`;
		throw new BackupError('no-space', what, { advice: `Raise the limit, or ${onServer}` });
	};
}

const onServer = 'restore the tables into a database on a server, and ask there';

/** What this PostgreSQL cannot do, another one may. */
function asOfQuery(error: unknown, directory: string): BackupError {
	const known = breakdown(error, directory);
	if (!['internal', 'unsupported', 'server'].includes(known.code)) return known;
	const advice = `${onServer.charAt(0).toUpperCase()}${onServer.slice(1)}`;
	return new BackupError(known.code, known.what, { advice, cause: known });
}

serveInside<QueryInside, QueryLine>(answerTo, brokenDown);
