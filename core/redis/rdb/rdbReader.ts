/** Thrown where the bytes cannot be an RDB, or not one that this package knows. `offset` is in bytes. */
export class RdbFormatError extends Error {
	override readonly name = 'RdbFormatError';
	readonly offset: number;

	constructor(what: string, offset: number) {
		super(what);
		this.offset = offset;
	}
}

/** More than the longest thing that is read at once: a compressed string's header has 19 bytes. */
const atom = 64;

/** Far more than any server holds; and numbers of that size are still exact. */
const longestString = 2 ** 48;

/**
 * A window over the bytes of an RDB that come in chunks of any size.
 *
 * Nothing is copied but the seam between two chunks, and nothing kept but the unread rest of the last one, less
 * than {@link atom} bytes. To pass over a string of any size the position simply runs beyond the window, and
 * {@link feed} takes what came since off it. Whoever reads looks at {@link starved} before each read, and stops
 * until the next `feed` where it holds.
 */
export class RdbReader {
	#window: Buffer = Buffer.alloc(0);
	#position = 0;
	/** Where the bytes that count end within the window. */
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

	/**
	 * Gives the next bytes to `read`, which reads until it is starved: once or, where an unread rest of those
	 * before has to be joined to these, twice.
	 */
	feed(chunk: Buffer, read: () => void): void {
		const rest = Math.max(0, this.#end - this.#position);
		if (rest === 0) {
			this.#look(chunk, this.#end);
			read();
		} else {
			const head = chunk.subarray(0, 2 * atom);
			this.#look(Buffer.concat([this.#unread(), head]), this.#position);
			read();
			if (head.length < chunk.length) {
				this.#look(chunk, rest);
				read();
			}
		}
		// The chunk belongs to others, who may use its memory again.
		this.#look(Buffer.from(this.#unread()), Math.min(this.#position, this.#end));
	}

	/** No more bytes will come; what was not read yet is given to `read` for the last time. */
	end(read: () => void): void {
		this.#ended = true;
		// Whatever a broken length makes it read behind the last byte is zero, not out of bounds.
		const unread = this.#unread();
		this.#look(Buffer.concat([unread, Buffer.alloc(atom)]), Math.min(this.#position, this.#end));
		this.#end = unread.length;
		read();
	}

	#unread(): Buffer {
		return this.#window.subarray(Math.min(this.#position, this.#end), this.#end);
	}

	/** Makes `window` the one to read from; it begins `shift` bytes behind where the one before began. */
	#look(window: Buffer, shift: number): void {
		this.#window = window;
		this.#end = window.length;
		this.#start += shift;
		this.#position -= shift;
	}

	byte(): number {
		return this.#window[this.#position++]!;
	}

	skip(bytes: number): void {
		if (bytes > longestString) throw new RdbFormatError(`${bytes} bytes are no length`, this.offset);
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

	/** Passes over a string; answers its size, and 1 for a number. */
	skipString(): number {
		const first = this.#window[this.#position]!;
		if (first < 0x40) {
			this.#position += 1 + first;
			return first;
		}
		if (first >= 0xc0) return this.#skipEncoded(first);
		const bytes = this.#longLength(first);
		this.skip(bytes);
		return bytes;
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
		this.skip(length);
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
	#skipEncoded(first: number): number {
		if (first > 0xc3) throw new RdbFormatError(`There is no string encoding ${first & 0x3f}`, this.offset);
		this.#position++;
		if (first !== 0xc3) {
			this.skip(1 << (first & 3));
			return 1;
		}
		const compressed = this.length();
		const bytes = this.length();
		this.skip(compressed);
		return bytes;
	}
}
