const noBytes = Buffer.alloc(0);

/** Reads pieces of any size in sizes of one's own. A piece is copied only where what is asked for goes beyond it. */
export class PieceReader implements AsyncDisposable {
	readonly #pieces: AsyncIterator<Buffer>;
	#piece: Buffer = noBytes;
	#ended = false;

	/** @param pieces that are valid only until the next one is asked for */
	constructor(pieces: AsyncIterable<Buffer>) {
		this.#pieces = pieces[Symbol.asyncIterator]();
	}

	/** The next `bytes`, or fewer at the end; valid until the next call, whatever {@link isAtEnd} has to look at. */
	async read(bytes: number): Promise<Buffer> {
		// With one byte more at hand, nobody needs another piece to know whether this was the end.
		if (this.#piece.length > bytes) return this.#take(bytes);
		const parts: Buffer[] = [];
		for (let missing = bytes; missing > 0 && !(await this.isAtEnd());) {
			const part = Buffer.from(this.#take(missing));
			parts.push(part);
			missing -= part.length;
		}
		return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
	}

	/** The next `bytes`, or fewer at the end, which are then read again. */
	async peek(bytes: number): Promise<Buffer> {
		if (this.#piece.length < bytes && !this.#ended) {
			// Joined once, however small the pieces are.
			const seen: Buffer[] = [];
			let length = 0;
			while (length < bytes && !this.#ended) {
				seen.push(Buffer.from(this.#piece));
				length += this.#piece.length;
				if (length < bytes) await this.#next();
			}
			this.#piece = Buffer.concat(seen);
		}
		return this.#piece.subarray(0, bytes);
	}

	async isAtEnd(): Promise<boolean> {
		while (this.#piece.length === 0 && !this.#ended) await this.#next();
		return this.#piece.length === 0;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#pieces.return?.();
	}

	#take(bytes: number): Buffer {
		const taken = this.#piece.subarray(0, bytes);
		this.#piece = this.#piece.subarray(taken.length);
		return taken;
	}

	async #next(): Promise<void> {
		const next = await this.#pieces.next();
		if (next.done) this.#ended = true;
		this.#piece = next.done ? noBytes : next.value;
	}
}
