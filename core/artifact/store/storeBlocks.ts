import { addAbortListener } from 'node:events';
import { join } from 'node:path';
import type { Block, BlockStream } from '../../blocks';
import { BackupError, cancelledError } from '../../errors';
import type { SealedHeader } from '../../encryption';
import { fromWorkerError, toWorkerError } from '../../errors/workerError';
import { smallHeap, startThread } from '../../threads';
import type { SourceFacts } from '../source';
import type { StoreInput, StoreJob, StoreOutput } from './storeMessages';

/** Blocks with the storing thread: one is being compressed, the next one is at hand. */
const blocksAhead = 3;

export interface StoredFile {
	rawBytes: number;
	storedBytes: number;
	/** Hex digest of the stored bytes. */
	sha256: string;
}

export interface StoreOptions extends Omit<StoreJob, 'isEncrypted'> {
	/** What the file is encrypted with; it is not when undefined. */
	seal?: SealedHeader;
	/** For what reads the file back. */
	facts: Promise<SourceFacts>;
	/** Called with the raw bytes handed over so far. */
	onBytes?: (rawBytes: number) => void;
}

/**
 * Compresses blocks into a file, encrypted where that is wanted, hashes it, and has it read back, all in a thread of its own.
 *
 * @throws BackupError of what went wrong there, `cancelled` when the signal fired; or whatever the blocks fail with
 */
export async function storeBlocks(
	blocks: BlockStream,
	{ facts, onBytes, seal, ...job }: StoreOptions,
	signal: AbortSignal,
): Promise<StoredFile> {
	const worker = startThread(join(__dirname, 'storeWorker.js'), {
		name: 'store',
		data: { ...job, isEncrypted: seal !== undefined } satisfies StoreJob,
		limits: smallHeap,
	});
	const post = (input: StoreInput) => worker.postMessage(input);
	if (seal) post({ kind: 'seal', seal });
	const withWorker: Block[] = [];
	let onReleased: (() => void) | undefined;

	const stored = new Promise<Omit<StoredFile, 'rawBytes'>>((resolve, reject) => {
		worker.on('message', (output: StoreOutput) => {
			if (output.kind === 'failed') reject(fromWorkerError(output.error));
			else if (output.kind === 'stored') resolve(output);
			else {
				withWorker.shift()?.release();
				onReleased?.();
			}
		});
		worker.once('error', (error) => reject(fromWorkerError(toWorkerError(error))));
		worker.once('exit', () => reject(endedEarly()));
	});
	let cancel!: (error: BackupError) => void;
	const cancelled = new Promise<never>((_resolve, reject) => {
		cancel = reject;
	});
	using _ = addAbortListener(signal, () => cancel(cancelledError(signal.reason)));

	const send = async (): Promise<number> => {
		let rawBytes = 0;
		for (let block = await blocks.nextBlock(); block; block = await blocks.nextBlock()) {
			rawBytes += block.bytes.length;
			onBytes?.(rawBytes);
			withWorker.push(block);
			const { buffer: memory, byteOffset: offset, length } = block.bytes;
			post({ kind: 'block', memory, offset, length });
			while (withWorker.length >= blocksAhead) {
				await new Promise<void>((resolve) => {
					onReleased = resolve;
				});
			}
		}
		post({ kind: 'end' });
		if (job.readBack !== undefined) post({ kind: 'facts', facts: await facts });
		return rawBytes;
	};

	try {
		const [rawBytes, { storedBytes, sha256 }] = await Promise.race([
			Promise.all([send(), stored]),
			cancelled,
		]);
		return { rawBytes, storedBytes, sha256 };
	} finally {
		blocks.destroy();
		await worker.terminate();
	}
}

function endedEarly(): BackupError {
	return new BackupError('incomplete', 'The thread that writes the backup ended early', {
		advice: 'Run it again; if it happens again, give n8n more memory',
	});
}
