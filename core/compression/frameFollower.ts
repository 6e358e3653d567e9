import { zstdError } from './zstdError';

const magic = 0xfd2fb528;
/** The last four bits of a skippable frame's magic number are the writer's own. */
const skippableMagic = 0x184d2a50;
const magicBytes = 4;
const sizeBytes = 4;
const blockHeaderBytes = 3;
const checksumBytes = 4;

export interface DataFrameHeader {
	kind: 'data';
	/** Where it says so. */
	contentBytes?: number;
	hasChecksum: boolean;
}

/** What its header says of a frame. */
export type FrameHeader = DataFrameHeader | { kind: 'skippable'; magic: number };

type Step = (bytes: Buffer) => void;

/**
 * Follows one zstd frame from its first byte to its last (RFC 8878, 3.1). Only the headers of its blocks are looked
 * at: what is wrong in them is left to the decoder.
 */
export class FrameFollower {
	/** Undefined until it has been read. */
	header: FrameHeader | undefined;
	isWhole = false;
	/** Of the frame so far. */
	bytes = 0;
	/** Of the header that is being read. */
	readonly #read: number[] = [];
	#toRead = magicBytes;
	#next: Step = (bytes) => this.#readMagic(bytes.readUInt32LE(0));
	/** Bytes to pass over before the next header. */
	#toSkip = 0;
	#isLastBlock = false;

	/**
	 * @returns how many of the bytes belong to the frame: all of them, unless it ends before
	 * @throws an error with the code `ZSTD_NO_FRAME` when this is the beginning of no frame
	 */
	take(bytes: Buffer): number {
		let at = 0;
		while (at < bytes.length && !this.isWhole) {
			if (this.#toSkip > 0) {
				const skipped = Math.min(this.#toSkip, bytes.length - at);
				this.#toSkip -= skipped;
				at += skipped;
			} else {
				this.#read.push(bytes[at]!);
				at += 1;
				if (this.#read.length === this.#toRead) this.#next(Buffer.from(this.#read.splice(0)));
			}
			this.isWhole = this.#isLastBlock && this.#toSkip === 0;
		}
		this.bytes += at;
		return at;
	}

	#expect(bytes: number, next: Step): void {
		this.#toRead = bytes;
		this.#next = next;
	}

	#readMagic(found: number): void {
		if (found === magic) this.#expect(1, ([descriptor]) => this.#readDescriptor(descriptor!));
		else if ((found & ~0xf) >>> 0 === skippableMagic) {
			this.#expect(sizeBytes, (size) => {
				this.header = { kind: 'skippable', magic: found };
				this.#isLastBlock = true;
				this.#toSkip = size.readUInt32LE(0);
			});
		} else throw zstdError('ZSTD_NO_FRAME', 'these are not the bytes of a zstd frame');
	}

	#readDescriptor(descriptor: number): void {
		const isSingleSegment = (descriptor & 0x20) !== 0;
		const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
		const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!;
		const windowBytes = isSingleSegment ? 0 : 1;
		const hasChecksum = (descriptor & 4) !== 0;
		const restBytes = windowBytes + dictionaryIdBytes + contentSizeBytes;
		const finish = (rest: Buffer) => {
			const contentBytes = readContentSize(rest.subarray(rest.length - contentSizeBytes));
			this.header = { kind: 'data', contentBytes, hasChecksum };
			this.#expect(blockHeaderBytes, (header) =>
				this.#readBlockHeader(header.readUIntLE(0, blockHeaderBytes), hasChecksum),
			);
		};
		this.#expect(restBytes, finish);
	}

	#readBlockHeader(header: number, hasChecksum: boolean): void {
		const isRunOfOneByte = ((header >> 1) & 3) === 1;
		this.#isLastBlock = (header & 1) === 1;
		this.#toSkip = isRunOfOneByte ? 1 : header >> 3;
		if (this.#isLastBlock && hasChecksum) this.#toSkip += checksumBytes;
	}
}

function readContentSize(bytes: Buffer): number | undefined {
	switch (bytes.length) {
		case 1:
			return bytes[0];
		case 2:
			return bytes.readUInt16LE(0) + 256;
		case 4:
			return bytes.readUInt32LE(0);
		case 8:
			return Number(bytes.readBigUInt64LE(0));
		default:
			return undefined;
	}
}
