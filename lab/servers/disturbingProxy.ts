import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to connections after a number of bytes, in both directions together. */
export interface Disturbance {
	afterBytes: number;
	/** `cut`: they are reset. `stall`: nothing goes on. `slow`: a megabyte takes a second. `corrupt`: one bit is another, once. */
	kind: 'cut' | 'stall' | 'slow' | 'corrupt';
	/** Only what is open at that moment is cut or stalled; connections that are made later are as they should be. */
	once?: boolean;
	/** Comes with the first piece thereafter that holds these bytes. */
	holding?: Buffer;
}

export interface DisturbingProxy {
	port: number;
	/** Whether the disturbance has come by now. */
	readonly hasDisturbed: boolean;
	/** Counts anew from here; undefined lets everything through. */
	disturb(disturbance: Disturbance | undefined): void;
	/** Bytes that have gone to the server since. */
	bytesSent(): number;
	stop(): Promise<void>;
}

/** A TCP proxy on the loopback interface that a test can make cut or stall what goes through it. */
export async function startProxy(targetPort: number): Promise<DisturbingProxy> {
	const sockets = new Set<Socket>();
	const stalled = new WeakSet<Socket>();
	let disturbance: Disturbance | undefined;
	let bytes = 0;
	let hasDisturbed = false;
	let sent = 0;
	const server = createServer((client) => {
		const target = connect(targetPort, '127.0.0.1');
		for (const socket of [client, target]) {
			sockets.add(socket);
			socket.on('error', () => {});
			socket.on('close', () => sockets.delete(socket));
		}
		client.on('data', (piece: Buffer) => (sent += piece.length));
		forward(client, target);
		forward(target, client);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		get hasDisturbed() {
			return hasDisturbed;
		},
		disturb(next) {
			disturbance = next;
			bytes = 0;
			hasDisturbed = false;
			sent = 0;
			if (!next) for (const socket of sockets) socket.destroy();
		},
		bytesSent: () => sent,
		async stop() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};

	function forward(from: Socket, to: Socket): void {
		from.on('data', (piece: Buffer) => {
			bytes += piece.length;
			const isDue =
				disturbance !== undefined &&
				bytes > disturbance.afterBytes &&
				piece.includes(disturbance.holding ?? '');
			if (isDue) hasDisturbed = true;
			if (isDue && disturbance?.kind === 'slow') return delay(from, to, piece);
			if (isDue && disturbance?.kind === 'corrupt') flipBit(piece);
			else if (isDue) disturbAll();
			if (stalled.has(from) || from.destroyed) return;
			if (to.write(piece)) return;
			from.pause();
			to.once('drain', () => from.resume());
		});
		from.on('end', () => to.end());
		from.on('close', () => to.destroy());
	}

	function flipBit(piece: Buffer): void {
		piece[piece.length >> 1]! ^= 1;
		disturbance = undefined;
	}

	function disturbAll(): void {
		for (const socket of sockets) {
			if (disturbance?.kind === 'stall') stalled.add(socket);
			else socket.resetAndDestroy();
		}
		if (disturbance?.once) disturbance = undefined;
	}

	function delay(from: Socket, to: Socket, piece: Buffer): void {
		from.pause();
		setTimeout(() => {
			to.write(piece);
			from.resume();
		}, piece.length / 1000);
	}
}
