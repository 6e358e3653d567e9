import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Ends a connection while a piece of the server's answer is on its way. */
export type End = (piece: Buffer, client: Socket, target: Socket) => void;

/** As a network that fails does. */
export const resetWithin: End = (piece, client, target) => {
	client.write(piece.subarray(0, piece.length / 2), () => client.resetAndDestroy());
	target.resetAndDestroy();
};

/** As a proxy does that is stopped: what has come until then looks complete. */
export const closeAfter: End = (piece, client, target) => {
	client.end(piece);
	target.destroy();
};

export interface EndingProxy {
	port: number;
	/** Pieces of answers that have come through so far. */
	pieces(): number;
	stop(): Promise<void>;
}

interface EndingOptions {
	due: number;
	end: End;
	holding?: string;
	isForGood?: boolean;
}

/**
 * A TCP proxy that ends whatever connection the n-th piece of the server's answers comes through.
 *
 * @param holding only pieces that hold these bytes count
 * @param isForGood whether it lets nobody through thereafter
 */
export async function startEndingProxy(
	targetPort: number,
	{ due, end, holding = '', isForGood = false }: EndingOptions,
): Promise<EndingProxy> {
	let pieces = 0;
	const sockets = new Set<Socket>();
	const proxy = createServer((client) => {
		if (isForGood && pieces >= due) return void client.resetAndDestroy();
		const target = connect(targetPort, '127.0.0.1');
		for (const socket of [client, target]) {
			sockets.add(socket);
			socket.on('error', () => {});
			socket.on('close', () => sockets.delete(socket));
		}
		client.on('data', (piece) => target.write(piece)).on('close', () => target.destroy());
		target.on('data', (piece: Buffer) => {
			if (client.destroyed || client.writableEnded) return;
			if (isForGood && pieces >= due) return void client.resetAndDestroy();
			if (piece.includes(holding) && ++pieces === due) end(piece, client, target);
			else client.write(piece);
		});
		target.on('end', () => client.end());
	});
	await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	return {
		port: (proxy.address() as AddressInfo).port,
		pieces: () => pieces,
		async stop() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => proxy.close(resolve));
		},
	};
}
