import { Transform, type TransformCallback } from 'node:stream';
import { BackupError } from '../errors';

const headerBytes = 8;
const highestStreamType = 2;
const stderrType = 2;

/**
 * Takes apart the stream in which an engine sends a command's stdout and stderr: frames of a header of eight
 * bytes (stream, three zeros, length as a big-endian number) and a payload (Engine API reference, "Attach to a
 * container", stream format). Stdout comes out of it, stderr goes to `onStderr`.
 *
 * dockerode's own demultiplexer ignores back-pressure and calls a stream that breaks off in a frame ended.
 *
 * It fails with a BackupError `incomplete` when the stream ends inside a frame and `server` when it has no frames.
 */
export class FrameReader extends Transform {
	readonly #onStderr: (bytes: Buffer) => void;
	readonly #header = Buffer.alloc(headerBytes);
	#headerFilled = 0;
	#payloadLeft = 0;
	#type = 0;

	constructor(onStderr: (bytes: Buffer) => void) {
		super({ highWaterMark: 256 * 1024 });
		this.#onStderr = onStderr;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		// Payloads move left over the headers between them, so that a chunk from the socket stays one chunk.
		let stdoutBytes = 0;
		let at = 0;
		while (at < chunk.length) {
			if (this.#payloadLeft === 0) {
				at += this.#readHeader(chunk, at);
				if (this.#headerFilled > 0) break;
				if (!this.#isSane()) {
					callback(unframedError());
					return;
				}
				continue;
			}
			const end = Math.min(at + this.#payloadLeft, chunk.length);
			this.#payloadLeft -= end - at;
			if (this.#type === stderrType) {
				this.#onStderr(chunk.subarray(at, end));
			} else {
				chunk.copyWithin(stdoutBytes, at, end);
				stdoutBytes += end - at;
			}
			at = end;
		}
		callback(null, stdoutBytes > 0 ? chunk.subarray(0, stdoutBytes) : undefined);
	}

	override _flush(callback: TransformCallback): void {
		callback(this.#payloadLeft > 0 || this.#headerFilled > 0 ? cutError() : null);
	}

	/** Takes what there is of a header; with all of it, the counter is back at zero. */
	#readHeader(chunk: Buffer, at: number): number {
		const taken = Math.min(headerBytes - this.#headerFilled, chunk.length - at);
		chunk.copy(this.#header, this.#headerFilled, at, at + taken);
		this.#headerFilled += taken;
		if (this.#headerFilled === headerBytes) {
			this.#headerFilled = 0;
			this.#type = this.#header[0]!;
			this.#payloadLeft = this.#header.readUInt32BE(4);
		}
		return taken;
	}

	#isSane(): boolean {
		return this.#type <= highestStreamType && this.#header.readUIntBE(1, 3) === 0;
	}
}

function cutError(): BackupError {
	return new BackupError('incomplete', 'The stream from the Docker Engine was cut off', {
		advice: 'See whether the engine, the container or a proxy between was stopped, then run it again',
	});
}

function unframedError(): BackupError {
	return new BackupError('server', 'The Docker Engine sent a command’s output without frames', {
		advice: 'Use an engine of version 20.10 or later, or Podman; a proxy between must pass streams unchanged',
	});
}
