import { parentPort, workerData } from 'node:worker_threads';
import { BlockWriter, type FilledBlock, type SharedBlocks } from '../../blocks';
import { toWorkerError, type WorkerError } from '../../errors/workerError';
import { ChunkWriter } from './chunkWriter';
import { type PackOptions, type PackReport, packTree } from './packTree';

/**
 * The thread that reads the tree. Synchronous calls cost a fraction of what asynchronous ones do per file, and
 * here they block nobody.
 */

/** What the worker is started with. */
export interface PackJob {
	options: PackOptions;
	/** For the archive's bytes. */
	output: SharedBlocks;
}

/** From the worker. */
export type PackMessage =
	| { kind: 'output'; filled: FilledBlock }
	| { kind: 'done'; report: PackReport }
	| { kind: 'failed'; error: WorkerError };

async function main({ options, output }: PackJob): Promise<void> {
	const post = (message: PackMessage) => parentPort!.postMessage(message);
	const blocks = new BlockWriter(output, (filled) => post({ kind: 'output', filled }));
	try {
		post({ kind: 'done', report: await packTree(options, new ChunkWriter(blocks)) });
	} catch (error) {
		post({ kind: 'failed', error: toWorkerError(error) });
	}
}

void main(workerData as PackJob);
