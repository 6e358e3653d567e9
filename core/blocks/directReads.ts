import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ByteTarget, putAll, putSome } from './byteTarget';

const spareBytes = 64 * 1024;

const noBytes = Buffer.alloc(0);

const readers = new WeakMap<Duplex, DirectReader>();

/**
 * Connects a socket like any other, that {@link readDirectly} can read without a stream. Node makes a new buffer of
 * 64 KB for every read of a stream, and a gigabyte of them keeps the collector of n8n's whole heap at work.
 */
export function connectForDirectReads(options: NetConnectOpts): Socket {
	const reader = new DirectReader();
	const socket: Socket = connect({
		...options,
		onread: {
			buffer: () => reader.buffer,
			callback: (count, buffer) => reader.take(socket, count, buffer as Buffer),
		},
	});
	readers.set(socket, reader);
	return socket;
}

/**
 * Has the kernel put what a socket receives straight into `target` from now on. Readers of its stream get nothing more,
 * but still learn of the end.
 *
 * @returns false when the stream was not made by {@link connectForDirectReads}, as behind TLS: nothing changes
 */
export function readDirectly(stream: Duplex, target: ByteTarget): boolean {
	const reader = readers.get(stream);
	if (!reader) return false;
	reader.target = target;
	return true;
}

/** Knows where a socket's next bytes go. */
class DirectReader {
	/** Undefined while the socket's stream gets them. */
	target: ByteTarget | undefined;
	/** For what has no place yet. The kernel must be given some memory even while nothing is to be read. */
	readonly #spare = Buffer.allocUnsafeSlow(spareBytes);
	#space: Buffer | undefined;

	get buffer(): Buffer {
		return this.#space ?? this.#spare;
	}

	/** Takes what was read into the buffer. False asks for a pause, which ends with `resume()`. */
	take(socket: Socket, count: number, buffer: Buffer): boolean {
		const { target } = this;
		if (!target) return socket.push(Buffer.from(buffer.subarray(0, count)));
		let rest: Buffer = noBytes;
		if (buffer === this.#spare) {
			const bytes = buffer.subarray(0, count);
			rest = bytes.subarray(putSome(target, bytes));
		} else {
			target.advance(count);
		}
		this.#space = target.space();
		if (this.#space) return true;
		void this.#waitForRoom(socket, target, rest);
		return false;
	}

	/** Always resumes later: a socket that is resumed before it was paused would stay paused. */
	async #waitForRoom(socket: Socket, target: ByteTarget, rest: Buffer): Promise<void> {
		await target.room();
		await putAll(target, rest);
		socket.resume();
	}
}
