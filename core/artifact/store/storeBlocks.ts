import { addAbortListener } from 'node:events';
import { join } from 'node:path';
import type { Block, BlockStream } from '../../blocks';
import { type BackupError, cancelledError } from '../../errors';
import type { SealedHeader } from '../../encryption';
import { fromWorkerError } from '../../errors/workerError';
import { type JobThread, lossError, smallHeap, takeThread } from '../../threads';
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

export interface StoreOptions extends Omit<StoreJob, 'seal'> {
	/** From {@link takeStoreThread}. It is released, or ended where something fails. */
	thread: JobThread;
	/** What the file is encrypted with; it is not when undefined. */
	seal?: SealedHeader;
	/** For what reads the file back. */
	facts: Promise<SourceFacts>;
	/** Called with the raw bytes handed over so far. */
	onBytes?: (rawBytes: number) => void;
}

/** The thread for {@link storeBlocks}, which can be loaded while the source is opened. */
export function takeStoreThread(): JobThread {
	return takeThread({ file: join(__dirname, 'storeWorker.js'), name: 'store', limits: smallHeap });
}

/**
 * Compresses blocks into a file, encrypted where that is wanted, hashes it, and has it read back, all in a thread of its own.
 *
 * @throws BackupError of what went wrong there, `cancelled` when the signal fired; or whatever the blocks fail with
 */
export async function storeBlocks(
	blocks: BlockStream,
	{ thread, facts, onBytes, seal, ...rest }: StoreOptions,
	signal: AbortSignal,
): Promise<StoredFile> {
	const job: StoreJob = { ...rest, seal: seal && copyOf(seal) };
	const port = thread.begin(job);
	const post = (input: StoreInput) => port.postMessage(input);
	const withWorker: Block[] = [];
	let onReleased: (() => void) | undefined;

	const stored = new Promise<Omit<StoredFile, 'rawBytes'>>((resolve, reject) => {
		port.on('message', (output: StoreOutput) => {
			if (output.kind === 'failed') reject(fromWorkerError(output.error));
			else if (output.kind === 'stored') resolve(output);
			else {
				withWorker.shift()?.release();
				onReleased?.();
			}
		});
		void thread.lost.then((loss) => reject(lossError(loss, 'writes the backup')));
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
		thread.release();
		return { rawBytes, storedBytes, sha256 };
	} finally {
		blocks.destroy();
		await thread.end();
	}
}

/** In memory of their own: what is sent to a thread is the whole memory that a buffer lies in. */
function copyOf({ header, fileKey }: SealedHeader): StoreJob['seal'] {
	return { header: new Uint8Array(header), fileKey: new Uint8Array(fileKey) };
}
