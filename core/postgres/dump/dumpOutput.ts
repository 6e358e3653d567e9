import { Readable } from 'node:stream';
import type { Credit } from './worker/credit';

/** Chunks that wait in the stream itself; what the worker may be ahead of that is its credit. */
const highWaterMark = 1024 * 1024;

/** The worker's output as a stream. Credit goes back to the worker only as fast as somebody reads. */
export class DumpOutput extends Readable {
	readonly #credit: Credit;
	readonly #stop: () => void;
	#owed = 0;

	/** @param stop frees whatever produces the bytes; called once, at the end or before */
	constructor(credit: Credit, stop: () => void) {
		super({ highWaterMark });
		this.#credit = credit;
		this.#stop = stop;
		// Who waits for the proof learns of the error there, whether or not anybody reads yet.
		this.on('error', () => {});
	}

	/** One more chunk from the worker. */
	deliver(bytes: Uint8Array): void {
		this.#owed += bytes.length;
		if (this.push(bytes)) this.#settle();
	}

	/** Nothing follows. */
	end(): void {
		this.push(null);
	}

	override _read(): void {
		this.#settle();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#stop();
		callback(error);
	}

	#settle(): void {
		if (this.#owed > 0) this.#credit.giveBack(this.#owed);
		this.#owed = 0;
	}
}
