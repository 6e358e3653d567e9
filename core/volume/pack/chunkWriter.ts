/** Hands a full chunk on; settles when there is room for another one. */
export type SendChunk = (chunk: Buffer) => Promise<void>;

/**
 * Collects an archive's bytes into chunks of one size. Headers and file contents are written straight into the
 * chunk that leaves, so that no byte is copied on its way from the file to the compressor.
 */
export class ChunkWriter {
	readonly chunkBytes: number;
	/** Bytes of all chunks handed on and of the one being filled. */
	#sent = 0;
	#chunk: Buffer;
	#filled = 0;
	readonly #send: SendChunk;

	constructor(chunkBytes: number, send: SendChunk) {
		this.chunkBytes = chunkBytes;
		this.#send = send;
		this.#chunk = newChunk(chunkBytes);
	}

	get writtenBytes(): number {
		return this.#sent + this.#filled;
	}

	/** The chunk being filled; only what lies behind {@link position} may be written. Not zeroed. */
	get chunk(): Buffer {
		return this.#chunk;
	}

	get position(): number {
		return this.#filled;
	}

	/** Bytes that fit into this chunk. */
	get room(): number {
		return this.#chunk.length - this.#filled;
	}

	/** Counts `bytes` at the position as written; a negative number takes them back. */
	advance(bytes: number): void {
		this.#filled += bytes;
	}

	/** Makes sure that `bytes` fit in one piece, which may be more than a chunk ordinarily holds. */
	async reserve(bytes: number): Promise<void> {
		if (bytes <= this.room) return;
		await this.flush();
		if (bytes > this.room) this.#chunk = newChunk(bytes);
	}

	async write(bytes: Buffer): Promise<void> {
		await this.reserve(bytes.length);
		bytes.copy(this.#chunk, this.#filled);
		this.#filled += bytes.length;
	}

	async writeZeros(bytes: number): Promise<void> {
		let left = bytes;
		while (left > 0) {
			if (this.room === 0) await this.flush();
			const step = Math.min(left, this.room);
			this.#chunk.fill(0, this.#filled, this.#filled + step);
			this.#filled += step;
			left -= step;
		}
	}

	/** Hands on what there is. */
	async flush(): Promise<void> {
		if (this.#filled === 0) return;
		const full = this.#chunk.subarray(0, this.#filled);
		this.#sent += this.#filled;
		this.#chunk = newChunk(this.chunkBytes);
		this.#filled = 0;
		await this.#send(full);
	}
}

/** Memory of its own rather than from Buffer's pool, so that it can be transferred to another thread. */
function newChunk(bytes: number): Buffer {
	return Buffer.allocUnsafeSlow(bytes);
}
