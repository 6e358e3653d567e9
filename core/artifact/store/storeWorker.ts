import { pipeline } from 'node:stream/promises';
import type { MessagePort } from 'node:worker_threads';
import { BlockStream } from '../../blocks';
import { EncryptStream, type SealedHeader } from '../../encryption';
import { BackupError, fileError } from '../../errors';
import { toWorkerError } from '../../errors/workerError';
import { createCompressor } from '../../compression/compression';
import { Descriptor } from '../../files/descriptor';
import { serveJobs } from '../../threads/serveJobs';
import { GrowingFile } from './growingFile';
import { readBack } from './readBack';
import type { AssertReadBack, SourceFacts } from '../source';
import { StoredStream } from './storedStream';
import type { StoreInput, StoreJob, StoreOutput } from './storeMessages';

/**
 * The thread that makes a file of the raw bytes: compress, encrypt, hash, write, read back. What it leaves to the garbage
 * collector is collected from its own small heap instead of n8n's.
 */
serveJobs<StoreJob>(async (job, port) => {
	const last = await store(job, port).catch((error: unknown): StoreOutput => ({
		kind: 'failed',
		error: toWorkerError(error),
	}));
	port.postMessage(last);
});

async function store(job: StoreJob, port: MessagePort): Promise<StoreOutput> {
	const input = receiveInput(port);
	const seal = job.seal && asBuffers(job.seal);
	const file = new Descriptor(job.descriptor);
	const growing = new GrowingFile(job.finalPath, file);
	try {
		// What is neither compressed nor encrypted is still the source's memory.
		const ownsChunks = job.compression.method !== 'none' || seal !== undefined;
		const stored = new StoredStream(file, (growth) => growing.update(growth), ownsChunks);
		const reading = compareBack(job, growing, seal, input.facts);
		await Promise.all([write(job, lend(input.blocks), seal, stored), reading]);
		return { kind: 'stored', storedBytes: stored.bytes, sha256: stored.sha256 };
	} catch (error) {
		throw error instanceof BackupError ? error : fileError(error, job.finalPath);
	} finally {
		seal?.fileKey.fill(0);
	}
}

interface Input {
	blocks: BlockStream;
	/** What the source says of itself; it comes after the last block. */
	facts: Promise<SourceFacts>;
}

/** What the main thread sends, in order. */
function receiveInput(port: MessagePort): Input {
	const blocks = new BlockStream();
	const release = () => port.postMessage({ kind: 'released' } satisfies StoreOutput);
	const facts = Promise.withResolvers<SourceFacts>();
	port.on('message', (input: StoreInput) => {
		if (input.kind === 'facts') facts.resolve(input.facts);
		else if (input.kind === 'end') blocks.end();
		else blocks.deliver({ bytes: Buffer.from(input.memory, input.offset, input.length), release });
	});
	return { blocks, facts: facts.promise };
}

/** In the very memory in which they came. */
function asBuffers({ header, fileKey }: NonNullable<StoreJob['seal']>): SealedHeader {
	return { header: Buffer.from(header.buffer), fileKey: Buffer.from(fileKey.buffer) };
}

/** Each block, valid until the next one is asked for. */
async function* lend(blocks: BlockStream): AsyncGenerator<Buffer, void> {
	for (let block = await blocks.nextBlock(); block; block = await blocks.nextBlock()) {
		yield block.bytes;
		block.release();
	}
}

async function write(
	{ compression }: StoreJob,
	blocks: AsyncIterable<Buffer>,
	seal: SealedHeader | undefined,
	stored: StoredStream,
): Promise<void> {
	const compressor = createCompressor(compression);
	const encryptor = seal && new EncryptStream(seal, compressor !== undefined);
	if (compressor && encryptor) await pipeline(blocks, compressor, encryptor, stored);
	else if (compressor) await pipeline(blocks, compressor, stored);
	else if (encryptor) await pipeline(blocks, encryptor, stored);
	else await pipeline(blocks, stored);
}

async function compareBack(
	job: StoreJob,
	file: GrowingFile,
	seal: SealedHeader | undefined,
	facts: Promise<SourceFacts>,
): Promise<void> {
	if (job.readBack === undefined) return;
	const { assertReadBack } = (await import(job.readBack)) as { assertReadBack: AssertReadBack };
	const { signal } = new AbortController();
	const stored = { compression: job.compression.method, seal };
	await readBack(file, stored, async (raw) => await assertReadBack(raw, facts), signal);
}
