import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Takes bytes that are overwritten once it has returned. False asks for a pause, which ends with `resume()`. */
export type TakeBytes = (bytes: Buffer) => boolean;

const readBytes = 256 * 1024;

/** Who takes what a socket receives; undefined while its stream does. */
const takers = new WeakMap<Duplex, TakeBytes | undefined>();

/**
 * Connects a socket like any other, that {@link readDirectly} can read without a stream. Node makes a new buffer of
 * 64 KB for every read of a stream, and a gigabyte of them keeps the collector of n8n's whole heap at work.
 */
export function connectForDirectReads(options: NetConnectOpts): Socket {
	const socket: Socket = connect({
		...options,
		onread: {
			buffer: Buffer.allocUnsafeSlow(readBytes),
			callback: (count, buffer) => {
				const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, count);
				const take = takers.get(socket);
				return take ? take(bytes) : socket.push(Buffer.from(bytes));
			},
		},
	});
	takers.set(socket, undefined);
	return socket;
}

/**
 * From now on hands what a socket receives to `take` and no longer to those who read its stream, which still tells
 * them of the end.
 *
 * @returns false when the stream is none that {@link connectForDirectReads} made, as behind TLS: nothing changes
 */
export function readDirectly(stream: Duplex, take: TakeBytes): boolean {
	if (!takers.has(stream)) return false;
	takers.set(stream, take);
	return true;
}
