import type { WorkerError } from '../../errors/workerError';
import type { CompressionMethod } from '../../compression/compression';
import type { SealedHeader } from '../../encryption';
import type { SourceFacts } from '../source';

/** What the storing thread is given. */
export interface StoreJob {
	/** An empty file, open for reading and writing; whoever gives the job closes it, afterwards. */
	descriptor: number;
	/** The name that it will have, for errors. */
	finalPath: string;
	compression: { method: CompressionMethod; level?: number };
	/** See `Source.readBack`. */
	readBack?: string;
	/** What to encrypt with, where that is wanted. */
	seal?: Record<keyof SealedHeader, Uint8Array<ArrayBuffer>>;
}

/** To the storing thread. */
export type StoreInput =
	/** One more block, in memory that is not to be changed before it is released. */
	| { kind: 'block'; memory: ArrayBufferLike; offset: number; length: number }
	| { kind: 'end' }
	/** For what reads the file back. */
	| { kind: 'facts'; facts: SourceFacts };

/** From the storing thread. */
export type StoreOutput =
	/** The oldest block that was not released so far may be changed. */
	| { kind: 'released' }
	/** The last message: everything is in the file and read back. */
	| { kind: 'stored'; storedBytes: number; sha256: string }
	/** The last message. */
	| { kind: 'failed'; error: WorkerError };
