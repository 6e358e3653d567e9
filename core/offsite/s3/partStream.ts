import { Readable } from 'node:stream';
import type { ContentReader } from '../content';

/** More than a socket takes without asking to wait. */
export const pieceBytes = 256 * 1024;

/**
 * A part of a content, as the body of a request, through one piece of memory that is used again and again. It is
 * filled only when it is asked for, and by then whoever it is piped into has written what was in it: a piece is more than
 * a socket takes at once, so that the pipe waits until all of it is gone. (If that should ever not hold, the server
 * refuses the part by its SHA-256.)
 */
export class PartStream extends Readable implements Disposable {
	readonly #reader: ContentReader;
	readonly #buffer: Buffer;
	#position: number;
	#left: number;

	/** @param buffer of {@link pieceBytes} */
	constructor(
		reader: ContentReader,
		{ position, bytes, buffer }: { position: number; bytes: number; buffer: Buffer },
	) {
		// Nothing is read ahead.
		super({ highWaterMark: 0 });
		this.#reader = reader;
		this.#position = position;
		this.#left = bytes;
		this.#buffer = buffer;
	}

	override _read(): void {
		if (this.#left === 0) {
			this.push(null);
			return;
		}
		const piece = this.#buffer.subarray(0, this.#left);
		this.#reader.readAgain(piece, this.#position).then(
			() => {
				this.#position += piece.length;
				this.#left -= piece.length;
				if (!this.destroyed) this.push(piece);
			},
			(error: Error) => this.destroy(error),
		);
	}

	[Symbol.dispose](): void {
		this.destroy();
	}
}
