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
	/** Whether there is room for more; without, nothing is read. */
	hasRoom(): boolean;
}

/**
 * Receives from a socket that `connectForDirectReads` made, which nobody reads, into blocks.
 *
 * @param onBlock sees each block before its reader does
 */
export function receiveBlocks(socket: Socket, onBlock: (bytes: Buffer) => void): ReceivedBlocks {
	const filler = new BlockFiller(onBlock);
	readDirectly(socket, filler);
	filler.output.once('close', () => socket.destroy());
	const received = finished(socket, { writable: false }).then(() => filler.flush());
	received.catch(() => {});
	socket.resume();
	return { stream: filler.output, received, hasRoom: () => filler.space() !== undefined };
}
