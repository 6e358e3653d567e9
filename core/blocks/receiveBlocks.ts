import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { BlockFiller } from './blockFiller';
import type { BlockStream } from './blockStream';
import { readDirectly } from './directReads';

export interface ReceivedBlocks {
	/**
	 * What the socket receives. It does not end with the socket, but when its `end` is called: only who knows how the
	 * other side ended knows that it is whole. Destroying it closes the socket.
	 */
	stream: BlockStream;
	/** Resolves when the other side has closed and all of it was delivered; rejects with what the socket fails with. */
	received: Promise<void>;
}

/**
 * Receives from a socket that `connectForDirectReads` made, which nobody reads, into blocks.
 *
 * @param onBlock sees each block before its reader does
 */
export function receiveBlocks(socket: Socket, onBlock: (bytes: Buffer) => void): ReceivedBlocks {
	const filler = new BlockFiller(onBlock);
	const takeRest = (rest: Buffer): void => {
		const taken = filler.take(rest);
		if (taken === rest.length) socket.resume();
		else filler.onRoom(() => takeRest(rest.subarray(taken)));
	};
	readDirectly(socket, (bytes) => {
		const taken = filler.take(bytes);
		if (taken === bytes.length) return true;
		const rest = Buffer.from(bytes.subarray(taken));
		filler.onRoom(() => takeRest(rest));
		return false;
	});
	filler.output.once('close', () => socket.destroy());
	const received = finished(socket, { writable: false }).then(() => filler.flush());
	received.catch(() => {});
	socket.resume();
	return { stream: filler.output, received };
}
