import type { MessagePort } from 'node:worker_threads';
import { BlockWriter, type FilledBlock, type SharedBlocks } from '../../blocks';
import { once } from 'node:events';
import { fromWorkerError, toWorkerError, type WorkerError } from '../../errors/workerError';
import { serveJobs } from '../../threads/serveJobs';
import type { Copied } from '../sqlite/databaseCopier';
import { ChunkWriter } from './chunkWriter';
import { type PackOptions, type PackReport, packTree } from './packTree';

/**
 * The thread that reads the tree. Synchronous calls cost a fraction of what asynchronous ones do per file, and
 * here they block nobody.
 */

/** What the worker is given. */
export interface PackJob {
	options: PackOptions;
	/** For the archive's bytes. */
	output: SharedBlocks;
}

/** From the worker. */
export type PackMessage =
	| { kind: 'output'; filled: FilledBlock }
	/** Asks for a copy of a file, its path as latin1 characters; a {@link CopyReply} answers. */
	| { kind: 'copy'; location: string; target: string }
	| { kind: 'done'; report: PackReport }
	| { kind: 'failed'; error: WorkerError };

/** To the worker. */
export type CopyReply = { copied: Copied } | { error: WorkerError };

serveJobs(pack);

async function pack({ options, output }: PackJob, port: MessagePort): Promise<void> {
	const post = (message: PackMessage) => port.postMessage(message);
	const copyElsewhere = async (location: string, target: string): Promise<Copied> => {
		const answered = once(port, 'message') as Promise<[CopyReply]>;
		post({ kind: 'copy', location, target });
		const [reply] = await answered;
		if ('error' in reply) throw fromWorkerError(reply.error);
		return reply.copied;
	};
	const blocks = new BlockWriter(output, (filled) => post({ kind: 'output', filled }));
	try {
		post({ kind: 'done', report: await packTree(options, new ChunkWriter(blocks), copyElsewhere) });
	} catch (error) {
		post({ kind: 'failed', error: toWorkerError(error) });
	}
}
