import { writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
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
import { beyondLimit, missingExtension } from './limits';
import { readAsUtf8, type Rewriting } from './readAsUtf8';
import { checkStructure } from './soundness';
import { startEmbedded } from './startEmbedded';

/**
 * The process that PostgreSQL computes in. It reads one request from its standard input, writes an answer a line to its
 * standard output, and ends when it has judged, or when its input does: also when whoever started it is killed.
 */

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

/** Milliseconds between two words on how far it is. */
const progressEveryMs = 500;

const never = new AbortController().signal;

async function main(): Promise<void> {
	const lines = createInterface({ input: process.stdin });
	lines.once('close', () => process.exit(1));
	lines.once('line', (line) => {
		const request = JSON.parse(line) as InsideRequest;
		// The embedded PostgreSQL makes promises that nobody waits for, and breaks some of them.
		process.on('uncaughtException', (error) => endWith(brokenDown(error, request)));
		void answerTo(request).then(endWith);
	});
}

async function answerTo(request: InsideRequest): Promise<InsideAnswer> {
	try {
		const found = await judge(() => drillHere(request), provesDamage);
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

function endWith(answer: InsideAnswer): void {
	process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
}

async function drillHere(request: InsideRequest): Promise<CheckResult[]> {
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
	const loaded = await load(request, target, toUtf8);
	const n8nKeys = () => findEncryptionKeys(request, never);
	return [...(await checkRestored(queries, loaded, expected, n8nKeys)), await checkStructure(queries)];
}

async function load(
	request: InsideRequest,
	target: LoadTarget,
	toUtf8: Rewriting | undefined,
): Promise<Loaded> {
	const { artifactPath, compression, keys, maxRawBytes, withoutExtensions } = request;
	const options = { maxRawBytes, withoutExtensions, missingRoles: 'create' } as const;
	let saidAt = 0;
	const onBytes = (rawBytes: number) => {
		if (Date.now() - saidAt < progressEveryMs) return;
		saidAt = Date.now();
		const answer: InsideAnswer = { kind: 'progress', rawBytes };
		process.stdout.write(`${JSON.stringify(answer)}\n`);
	};
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

/** Behind whoever started it, on the scale of nice(1). */
const behind = constants.priority.PRIORITY_BELOW_NORMAL;

/** n8n goes first: this process waits for the processor, and is the one that ends when memory does. */
function stepBack(): void {
	const attempts = [
		() => setPriority(Math.min(getPriority() + behind, constants.priority.PRIORITY_LOW)),
		() => writeFileSync('/proc/self/oom_score_adj', '1000'),
	];
	for (const attempt of attempts) {
		try {
			attempt();
		} catch {
			// It may not be allowed, or not be Linux.
		}
	}
}

stepBack();
void main();
