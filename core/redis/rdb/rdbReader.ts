/* eslint-disable @typescript-eslint/no-non-null-assertion --
   `starved` keeps every read within the window; a check at each byte would cost much of the speed */

/** Thrown where the bytes cannot be an RDB, or not one that this package knows. `offset` is in bytes. */
export class RdbFormatError extends Error {
	override readonly name = 'RdbFormatError';
	readonly offset: number;

	constructor(what: string, offset: number) {
		super(what);
		this.offset = offset;
	}
}

/**
 * More than the longest thing that is read at once (a compressed string's header, 19 bytes), with room for the
 * bytes before it.
 */
const atom = 64;

/**
 * A window over the bytes of an RDB that come in chunks of any size.
 *
 * Nothing is ever buffered but the unread rest of the last chunk, always less than {@link atom} bytes: to pass
 * over a string of any size the position simply runs beyond the window, and {@link feed} takes what came since
 * off it. Callers look at {@link starved} before each read; when it holds they stop until the next `feed`.
 */
export class RdbReader {
	#window: Buffer = Buffer.alloc(0);
	#position = 0;
	#end = 0;
	/** Offset in the file of the window's first byte. */
	#start = 0;
	#ended = false;

	/** Offset in the file of the next byte. */
	get offset(): number {
		return this.#start + this.#position;
	}

	/** Too few bytes are here to read on safely and more may come. Throws when none are left and none will come. */
	get starved(): boolean {
		const available = this.#end - this.#position;
		if (available >= atom) return false;
		if (!this.#ended) return true;
		if (available <= 0) throw new RdbFormatError('The bytes end in the middle', this.#start + this.#end);
		return false;
	}

	feed(chunk: Buffer): void {
		const rest = Math.max(0, this.#end - this.#position);
		this.#start += this.#end - rest;
		this.#position -= this.#end - rest;
		if (this.#position >= chunk.length) {
			// All of it belongs to a string that is passed over.
			this.#end = chunk.length;
			return;
		}
		const size = rest + chunk.length;
		if (size > this.#window.length) {
			const larger = Buffer.allocUnsafe(size + atom);
			this.#window.copy(larger, 0, this.#end - rest, this.#end);
			this.#window = larger;
		} else {
			this.#window.copyWithin(0, this.#end - rest, this.#end);
		}
		chunk.copy(this.#window, rest);
		this.#end = size;
	}

	/** No more bytes will come. */
	end(): void {
		this.#ended = true;
		// What a broken length might read behind the last byte must not depend on an earlier chunk.
		this.#window.fill(0, Math.min(this.#end, this.#window.length));
	}

	byte(): number {
		return this.#window[this.#position++]!;
	}

	skip(bytes: number): void {
		this.#position += bytes;
	}

	/** A number in variable width. Beyond 2^53 it is not exact, which only module values and ids reach. */
	length(): number {
		const first = this.#window[this.#position]!;
		if (first < 0x40) {
			this.#position++;
			return first;
		}
		return this.#longLength(first);
	}

	/** The same where all 64 bits matter. */
	bigLength(): bigint {
		if (this.#window[this.#position] !== 0x81) return BigInt(this.length());
		this.#position += 9;
		return this.#window.readBigUInt64BE(this.#position - 8);
	}

	/** Passes over a string. */
	skipString(): void {
		const first = this.#window[this.#position]!;
		if (first < 0x40) this.#position += 1 + first;
		else if (first < 0xc0) this.skip(this.#longLength(first));
		else this.#skipEncoded(first);
	}

	/** A short string's text; undefined, and passed over, where it is compressed or not wholly here. */
	shortString(): string | undefined {
		const at = this.#position;
		const first = this.#window[at]!;
		if (first === 0xc0) return String(this.#integer(1));
		if (first === 0xc1) return String(this.#integer(2));
		if (first === 0xc2) return String(this.#integer(4));
		if (first >= 0x80) {
			this.skipString();
			return undefined;
		}
		const length = this.length();
		const from = this.#position;
		this.#position += length;
		return this.#position <= this.#end ? this.#window.toString('utf8', from, this.#position) : undefined;
	}

	#integer(bytes: number): number {
		const at = this.#position + 1;
		this.#position = at + bytes;
		return this.#window.readIntLE(at, bytes);
	}

	#longLength(first: number): number {
		const window = this.#window;
		const at = this.#position;
		if (first < 0x80) {
			this.#position += 2;
			return ((first & 0x3f) << 8) | window[at + 1]!;
		}
		if (first === 0x80) {
			this.#position += 5;
			return window.readUInt32BE(at + 1);
		}
		if (first === 0x81) {
			this.#position += 9;
			return window.readUInt32BE(at + 1) * 2 ** 32 + window.readUInt32BE(at + 5);
		}
		throw new RdbFormatError(`There is no length that begins with byte ${first}`, this.offset);
	}

	/** Integers of 8, 16 and 32 bits, and strings compressed by LZF. */
	#skipEncoded(first: number): void {
		if (first > 0xc3) throw new RdbFormatError(`There is no string encoding ${first & 0x3f}`, this.offset);
		this.#position++;
		if (first === 0xc3) {
			const compressed = this.length();
			this.length();
			this.skip(compressed);
		} else {
			this.skip(1 << (first & 3));
		}
	}
}
