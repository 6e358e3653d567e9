import type { WorkerError } from '../../errors/workerError';
import type { RdbFacts } from './rdbInspector';

/** To the thread that looks through an RDB. */
export type RdbInput =
	/** More bytes, in memory that is not to be changed before it is released. */
	{ kind: 'block'; memory: ArrayBufferLike; offset: number; length: number } | { kind: 'end' };

/** From it. */
export type RdbOutput =
	/** The oldest block that was not released so far may be changed. */
	| { kind: 'released' }
	/** The last message, and its verdict. */
	| { kind: 'sound'; facts: RdbFacts }
	/** The last message. */
	| { kind: 'failed'; error: WorkerError };
