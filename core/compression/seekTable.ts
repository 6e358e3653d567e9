import { createHash } from 'node:crypto';

/**
 * The seek table at the end of a zstd file of several frames, as the “zstd seekable format” has it
 * (contrib/seekable_format/zstd_seekable_compression_format.md in zstd's own repository, version 0.1.0): a skippable
 * frame, which every decoder passes over, that lists the frames before it.
 */

/** Begins the skippable frame. */
export const seekTableMagic = 0x184d2a5e;
const footerMagic = 0x8f92eab1;
const hasChecksums = 0x80;
const entryBytes = 12;
/** Of an entry without a checksum. */
const sizesBytes = 8;
const footerBytes = 9;

/** A frame as the table lists it. */
export interface ListedFrame {
	compressedBytes: number;
	rawBytes: number;
	/** The lowest 32 bits of the XXH64 of its content, which stand at the end of a frame that has a checksum. */
	checksum: number;
}

/** @returns the whole skippable frame */
export function seekTable(frames: ListedFrame[]): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt32LE(seekTableMagic, 0);
	header.writeUInt32LE(frames.length * entryBytes + footerBytes, 4);
	return Buffer.concat([header, ...frames.map(entry), footer(frames.length)]);
}

/**
 * Compares the frames of a file with what its seek table says of them. Neither is kept: a gigabyte holds some eighty
 * million of the smallest frames.
 */
export class SeekTableCheck {
	readonly #found = createHash('sha256');
	readonly #table = createHash('sha256');
	#frames = 0;
	#isKnown = true;
	#tableBytes = 0;
	#lastBytes = Buffer.alloc(0);

	/** @param frame the next one in the file; undefined where its checksum is not known */
	see(frame: ListedFrame | undefined): void {
		this.#frames += 1;
		if (frame) this.#found.update(entry(frame));
		else this.#isKnown = false;
	}

	/** @param bytes more of the content of a skippable frame that may be the table */
	read(bytes: Buffer): void {
		this.#table.update(bytes);
		this.#tableBytes += bytes.length;
		this.#lastBytes = Buffer.concat([this.#lastBytes, bytes.subarray(-footerBytes)]).subarray(-footerBytes);
	}

	/**
	 * What the skippable frame that was read says of the frames before it. `unknown`: it is no seek table, or one
	 * that lists less than is compared here.
	 */
	verdict(): 'same' | 'different' | 'unknown' {
		const listsThese = this.#tableBytes === this.#frames * entryBytes + footerBytes;
		if (!listsThese && !this.#hasFooter()) return 'unknown';
		if (!listsThese) return this.#listsOnlySizes() ? 'unknown' : 'different';
		if (!this.#isKnown) return 'unknown';
		const found = this.#found.copy().update(footer(this.#frames)).digest();
		return found.equals(this.#table.copy().digest()) ? 'same' : 'different';
	}

	#hasFooter(): boolean {
		return this.#lastBytes.length === footerBytes && this.#lastBytes.readUInt32LE(5) === footerMagic;
	}

	#listsOnlySizes(): boolean {
		const isOfThatLength = this.#tableBytes === this.#frames * sizesBytes + footerBytes;
		return isOfThatLength && this.#lastBytes[4] === 0 && this.#lastBytes.readUInt32LE(0) === this.#frames;
	}
}

function entry({ compressedBytes, rawBytes, checksum }: ListedFrame): Buffer {
	const bytes = Buffer.alloc(entryBytes);
	bytes.writeUInt32LE(compressedBytes, 0);
	bytes.writeUInt32LE(rawBytes, 4);
	bytes.writeUInt32LE(checksum, 8);
	return bytes;
}

function footer(frames: number): Buffer {
	const bytes = Buffer.alloc(footerBytes);
	bytes.writeUInt32LE(frames, 0);
	bytes.writeUInt8(hasChecksums, 4);
	bytes.writeUInt32LE(footerMagic, 5);
	return bytes;
}
