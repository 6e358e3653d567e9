import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { BackupError, fileError } from '../errors';
import { toWorkerError } from '../errors/workerError';
import { createCompressor } from './compression';
import { GrowingFile } from './growingFile';
import { InputQueue } from './inputQueue';
import { readBack } from './readBack';
import type { ProveContent, SourceFacts } from './source';
import { StoredStream } from './storedStream';
import type { StoreJob, StoreOutput } from './storeMessages';

/**
 * The thread that makes a file of the raw bytes: compress, hash, write, read back. What it leaves to the garbage
 * collector is collected from its own small heap instead of n8n's.
 */
const job = workerData as StoreJob;
const port = parentPort!;
const post = (message: StoreOutput) => port.postMessage(message);

void store()
	.catch((error: unknown): StoreOutput => ({ kind: 'failed', error: toWorkerError(error) }))
	.then((last) => {
		post(last);
		// Or the thread would never end.
		port.close();
	});

async function store(): Promise<StoreOutput> {
	const input = new InputQueue(port, () => post({ kind: 'released' }));
	const growing = new GrowingFile(job.path);
	try {
		await using file = await open(job.path, 'r+');
		const stored = new StoredStream(file, (growth) => growing.update(growth));
		await Promise.all([write(input.blocks(), stored), prove(growing, input.facts)]);
		return { kind: 'stored', storedBytes: stored.bytes, sha256: stored.sha256 };
	} catch (error) {
		throw error instanceof BackupError ? error : fileError(error, job.finalPath);
	}
}

async function write(blocks: AsyncIterable<Buffer>, stored: StoredStream): Promise<void> {
	const compressor = createCompressor(job.compression);
	if (compressor) await pipeline(blocks, compressor, stored);
	else await pipeline(blocks, stored);
}

async function prove(file: GrowingFile, facts: Promise<SourceFacts>): Promise<void> {
	if (job.prover === undefined) return;
	const prover = (await import(job.prover)) as { prove: ProveContent };
	const { signal } = new AbortController();
	await readBack(file, job.compression.method, async (raw) => await prover.prove(raw, facts), signal);
}
