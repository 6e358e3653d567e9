import type { CompressionMethod } from '../../artifact';
import type { CheckResult } from '../../artifact/checks';
import type { DecryptionKeys } from '../../encryption';
import { BackupError } from '../../errors';
import { toWorkerError, type WorkerError } from '../../errors/workerError';
import { findEncryptionKeys } from '../../n8n/encryptionKeys';
import { checkRestored, type Expected } from '../drill/drillChecks';
import { judge } from '../drill/drillPlace';
import { provesDamage } from '../drill/obstacle';
import { readDumpHead } from '../restore/dumpHead';
import { type Loaded, loadDump, type LoadTarget } from '../restore/loadDump';
import { assertNotOlder } from '../serverDifferences';
import { extensionsOf } from './dumpExtensions';
import { embeddedQueries } from './embeddedQueries';
import { EmbeddedSession } from './embeddedSession';
import { hasExtension } from './extensions';
import { assertAnswers, breakdown } from './breakdown';
import { progressOf, serveInside } from './insideProcess';
import { beyondLimit, missingExtension } from './limits';
import { readAsUtf8, type Rewriting } from './readAsUtf8';
import { checkStructure } from './soundness';
import { startEmbedded } from './startEmbedded';

/** The process that PostgreSQL computes in to drill a dump: see insideProcess.ts. */

/** The line of its input. */
export interface InsideRequest {
	/** Empty, for PostgreSQL's files. */
	directory: string;
	artifactPath: string;
	compression: CompressionMethod;
	/** For what is encrypted: by this line, and so in nobody's list of processes. */
	keys?: DecryptionKeys;
	expected?: Expected;
	root: string;
	timeZone: string;
	maxRawBytes: number;
	withoutExtensions: string[];
}

/** A line of its output; the last one is not `progress`. */
export type InsideAnswer =
	| { kind: 'progress'; rawBytes: number }
	| { kind: 'checks'; checks: CheckResult[] }
	| { kind: 'obstacle'; error: WorkerError }
	| { kind: 'failed'; error: WorkerError };

const never = new AbortController().signal;

type Say = (answer: InsideAnswer) => void;

async function answerTo(request: InsideRequest, say: Say): Promise<InsideAnswer> {
	try {
		const found = await judge(() => drillHere(request, say), provesDamage);
		if (found.obstacle) return { kind: 'obstacle', error: toWorkerError(found.obstacle) };
		return { kind: 'checks', checks: found.checks };
	} catch (error) {
		if (error instanceof BackupError) return { kind: 'failed', error: toWorkerError(error) };
		return brokenDown(error, request);
	}
}

function brokenDown(error: unknown, { directory }: InsideRequest): InsideAnswer {
	return { kind: 'obstacle', error: toWorkerError(breakdown(error, directory)) };
}

async function drillHere(request: InsideRequest, say: Say): Promise<CheckResult[]> {
	const { artifactPath, compression, keys, directory, expected, withoutExtensions } = request;
	const head = await readDumpHead(artifactPath, compression, keys);
	const toUtf8 = readAsUtf8(head.encoding);
	const extensions = await extensionsOf(artifactPath, compression, keys);
	const missing = extensions.find((name) => !hasExtension(name) && !withoutExtensions.includes(name));
	if (missing !== undefined) throw missingExtension(missing);

	const { encoding } = head;
	const database = await startEmbedded({
		directory,
		extensions: [...extensions, 'amcheck'],
		encoding,
	});
	const queries = embeddedQueries(database);
	const serverMajor = await majorOf(queries);
	assertNotOlder(serverMajor, head.serverVersion, 'the PostgreSQL inside n8n');
	const target = { session: new EmbeddedSession(database), queries, serverMajor };
	const loaded = await load(request, target, { toUtf8, say });
	const n8nKeys = () => findEncryptionKeys(request, never);
	return [...(await checkRestored(queries, loaded, expected, n8nKeys)), await checkStructure(queries)];
}

async function load(
	request: InsideRequest,
	target: LoadTarget,
	{ toUtf8, say }: { toUtf8: Rewriting | undefined; say: Say },
): Promise<Loaded> {
	const { artifactPath, compression, keys, maxRawBytes, withoutExtensions } = request;
	const options = { maxRawBytes, withoutExtensions, missingRoles: 'create' } as const;
	const onBytes = progressOf(say);
	try {
		const source = { artifactPath, compression, keys, toUtf8 };
		const loaded = await loadDump({ ...source, target, options, onBytes }, never);
		await assertAnswers(target.queries);
		return loaded;
	} catch (error) {
		if (error instanceof BackupError && provesDamage(error)) await assertAnswers(target.queries);
		// The only thing that it can be of what was asked for: the head has been read before.
		if (error instanceof BackupError && error.code === 'bad-parameter') throw beyondLimit(maxRawBytes);
		throw error;
	}
}

async function majorOf(queries: LoadTarget['queries']): Promise<number> {
	const { rows } = await queries.query<{ version: string }>(
		`SELECT pg_catalog.current_setting('server_version_num') AS version`,
	);
	return Math.trunc(Number(rows[0]?.version) / 10_000);
}

serveInside<InsideRequest, InsideAnswer>(answerTo, brokenDown);
