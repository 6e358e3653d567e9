import { pipeline } from 'node:stream/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { BlockStream } from '../../blocks';
import { EncryptStream, type SealedHeader } from '../../encryption';
import { BackupError, fileError } from '../../errors';
import { toWorkerError } from '../../errors/workerError';
import { createCompressor } from '../../compression/compression';
import { Descriptor } from '../../files/descriptor';
import { GrowingFile } from './growingFile';
import { readBack } from './readBack';
import type { AssertReadBack, SourceFacts } from '../source';
import { StoredStream } from './storedStream';
import type { StoreInput, StoreJob, StoreOutput } from './storeMessages';

/**
 * The thread that makes a file of the raw bytes: compress, encrypt, hash, write, read back. What it leaves to the garbage
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
	const input = receiveInput();
	const file = new Descriptor(job.descriptor);
	const growing = new GrowingFile(job.finalPath, file);
	try {
		const stored = new StoredStream(file, (growth) => growing.update(growth));
		const seal = await input.seal;
		const reading = compareBack(growing, seal, input.facts);
		await Promise.all([write(lend(input.blocks), seal, stored), reading]);
		return { kind: 'stored', storedBytes: stored.bytes, sha256: stored.sha256 };
	} catch (error) {
		throw error instanceof BackupError ? error : fileError(error, job.finalPath);
	}
}

interface Input {
	/** What to encrypt with, where that is wanted. */
	seal: Promise<SealedHeader | undefined>;
	blocks: BlockStream;
	/** What the source says of itself; it comes after the last block. */
	facts: Promise<SourceFacts>;
}

/** What the main thread sends, in order. */
function receiveInput(): Input {
	const blocks = new BlockStream();
	const release = () => post({ kind: 'released' });
	const seal = Promise.withResolvers<SealedHeader | undefined>();
	if (!job.isEncrypted) seal.resolve(undefined);
	const facts = Promise.withResolvers<SourceFacts>();
	port.on('message', (input: StoreInput) => {
		if (input.kind === 'seal') seal.resolve(asBuffers(input.seal));
		else if (input.kind === 'facts') facts.resolve(input.facts);
		else if (input.kind === 'end') blocks.end();
		else blocks.deliver({ bytes: Buffer.from(input.memory, input.offset, input.length), release });
	});
	return { seal: seal.promise, blocks, facts: facts.promise };
}

/** On their way between threads they become plain arrays of bytes. */
function asBuffers({ header, fileKey }: Record<keyof SealedHeader, Uint8Array>): SealedHeader {
	return { header: Buffer.from(header), fileKey: Buffer.from(fileKey) };
}

/** Each block, valid until the next one is asked for. */
async function* lend(blocks: BlockStream): AsyncGenerator<Buffer, void> {
	for (let block = await blocks.nextBlock(); block; block = await blocks.nextBlock()) {
		yield block.bytes;
		block.release();
	}
}

async function write(
	blocks: AsyncIterable<Buffer>,
	seal: SealedHeader | undefined,
	stored: StoredStream,
): Promise<void> {
	const compressor = createCompressor(job.compression);
	const encryptor = seal && new EncryptStream(seal);
	if (compressor && encryptor) await pipeline(blocks, compressor, encryptor, stored);
	else if (compressor) await pipeline(blocks, compressor, stored);
	else if (encryptor) await pipeline(blocks, encryptor, stored);
	else await pipeline(blocks, stored);
}

async function compareBack(
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
