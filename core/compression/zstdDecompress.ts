import type { TransformCallback } from 'node:stream';
import { ZstdDecompress } from 'node:zlib';

const magicAndDescriptorBytes = 5;
const blockHeaderBytes = 3;

/**
 * Zstd decompression that fails when its input was cut short. Node's own does so from Node 24 on; Node 22 takes a
 * cut stream for a whole one. So the frame's blocks are followed from one to the next here: only their headers
 * are looked at.
 */
export class WholeZstdDecompress extends ZstdDecompress {
	readonly #frame = new ZstdFrame();

	override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
		this.#frame.take(chunk);
		super._transform(chunk, encoding, callback);
	}

	override _flush(callback: TransformCallback): void {
		if (this.#frame.isWhole) super._flush(callback);
		else callback(Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' }));
	}
}

/** Knows when a zstd frame has come to its end (RFC 8878, 3.1.1). What is wrong in it is left to the decoder. */
class ZstdFrame {
	isWhole = false;
	/** Bytes of the header that is being read. */
	#header: number[] = [];
	#headerBytes = magicAndDescriptorBytes;
	/** Bytes to pass over before the next header. */
	#toSkip = 0;
	#checksumBytes = 0;
	#isLastBlock = false;

	take(chunk: Buffer): void {
		let at = 0;
		while (at < chunk.length && !this.isWhole) {
			if (this.#toSkip > 0) {
				const skipped = Math.min(this.#toSkip, chunk.length - at);
				this.#toSkip -= skipped;
				at += skipped;
			} else {
				this.#header.push(chunk[at]!);
				at += 1;
				if (this.#header.length === this.#headerBytes) this.#readHeader(Buffer.from(this.#header));
			}
			this.isWhole = this.#isLastBlock && this.#toSkip === 0;
		}
	}

	#readHeader(header: Buffer): void {
		if (this.#headerBytes === blockHeaderBytes) this.#readBlockHeader(header.readUIntLE(0, 3));
		else this.#readFrameDescriptor(header[4]!);
		this.#header = [];
		this.#headerBytes = blockHeaderBytes;
	}

	#readFrameDescriptor(descriptor: number): void {
		const isSingleSegment = (descriptor & 0x20) !== 0;
		const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
		const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!;
		const windowBytes = isSingleSegment ? 0 : 1;
		this.#toSkip = windowBytes + dictionaryIdBytes + contentSizeBytes;
		this.#checksumBytes = descriptor & 4 ? 4 : 0;
	}

	#readBlockHeader(header: number): void {
		const isRunOfOneByte = ((header >> 1) & 3) === 1;
		this.#isLastBlock = (header & 1) === 1;
		this.#toSkip = isRunOfOneByte ? 1 : header >> 3;
		if (this.#isLastBlock) this.#toSkip += this.#checksumBytes;
	}
}
