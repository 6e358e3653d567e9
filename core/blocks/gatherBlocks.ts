import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BlockFiller } from './blockFiller';
import { BlockStream } from './blockStream';
import { putAll } from './byteTarget';
import { discard } from './discard';

export interface GatherOptions {
	/** Whether the chunks' memory is given back once they are copied. */
	ownsChunks?: boolean;
}

/**
 * A stream's bytes in blocks of a megabyte. Each step through a compressor or into a file is a trip to another
 * thread, which the 64 KB that streams give at a time do not pay for. Destroying it destroys the stream, and what
 * the stream fails with it fails with, too.
 */
export function gatherBlocks(stream: Readable, options: GatherOptions = {}): BlockStream {
	if (stream instanceof BlockStream) return stream;
	const gatherer = new BlockGatherer(options);
	pipeline(stream, gatherer).catch(() => {
		// Whoever reads the blocks is told.
	});
	return gatherer.output;
}

class BlockGatherer extends Writable {
	readonly #filler = new BlockFiller();

	readonly #ownsChunks: boolean;

	constructor({ ownsChunks = false }: GatherOptions) {
		super({ highWaterMark: 1024 * 1024 });
		this.#ownsChunks = ownsChunks;
		this.output.once('close', () => this.destroy());
	}

	get output(): BlockStream {
		return this.#filler.output;
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
		void putAll(this.#filler, chunk).then(() => {
			// One that is a part of something is left alone: others may have the rest.
			if (this.#ownsChunks && chunk.length === chunk.buffer.byteLength) discard(chunk);
			callback();
		});
	}

	override _final(callback: () => void): void {
		this.#filler.flush();
		this.output.end();
		callback();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		if (!this.writableFinished) this.output.destroy(error ?? undefined);
		callback(error);
	}
}
