import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What becomes of the bytes that a server sends over one connection. */
export interface Trouble {
	/** From this byte on, whatever either side sends is swallowed. */
	stallAt?: number;
	/** Changes bytes in passing. */
	alter?: (chunk: Buffer, offset: number) => void;
}

export interface StallingProxy {
	port: number;
	/** Bytes that the server sent over the connections so far, in the order in which they were made. */
	received(): number[];
	close(): Promise<void>;
}

/**
 * A proxy before a server, by TCP or a unix socket, that lets its connections fall silent without closing them, as a
 * firewall does that has forgotten them.
 *
 * @param troubleOf the connection of that number, counted from 0
 * @param listen where the proxy listens; any free port of 127.0.0.1 when undefined
 */
export async function startStallingProxy(
	target: { port: number } | { path: string },
	troubleOf: (connection: number) => Trouble | undefined,
	listen: { host?: string; port?: number } = {},
): Promise<StallingProxy> {
	const sockets = new Set<Socket>();
	const received: number[] = [];
	const server = createServer((client) => {
		const number = received.push(0) - 1;
		const { stallAt = Infinity, alter } = troubleOf(number) ?? {};
		const upstream = connect({ host: '127.0.0.1', ...target });
		const isSilent = () => received[number]! >= stallAt;
		for (const socket of [client, upstream]) {
			sockets.add(socket);
			socket.on('error', () => {});
		}
		client.on('data', (chunk: Buffer) => {
			if (!isSilent()) upstream.write(chunk);
		});
		upstream.on('data', (chunk: Buffer) => {
			const passed = chunk.subarray(0, Math.max(0, stallAt - received[number]!));
			alter?.(passed, received[number]!);
			received[number]! += chunk.length;
			if (passed.length > 0 && !client.write(passed)) {
				upstream.pause();
				client.once('drain', () => upstream.resume());
			}
			if (isSilent()) upstream.pause();
		});
		// What is silent does not say goodbye either.
		upstream.on('close', () => !isSilent() && client.destroy());
		client.on('close', () => upstream.destroy());
	});
	const { host = '127.0.0.1', port = 0 } = listen;
	await new Promise<void>((resolve) => server.listen(port, host, resolve));
	return {
		port: (server.address() as AddressInfo).port,
		received: () => [...received],
		close: async () => {
			sockets.forEach((socket) => socket.destroy());
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
