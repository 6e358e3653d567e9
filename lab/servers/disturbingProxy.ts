import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What becomes of connections once so many bytes have gone through them, in both directions together. */
export interface Disturbance {
	afterBytes: number;
	/** `cut`: they are reset. `stall`: nothing goes on. */
	kind: 'cut' | 'stall';
}

export interface DisturbingProxy {
	port: number;
	/** Counts anew from here; undefined lets everything through. */
	disturb(disturbance: Disturbance | undefined): void;
	stop(): Promise<void>;
}

/** A TCP proxy on the loopback interface that a test can make cut or stall what goes through it. */
export async function startProxy(targetPort: number): Promise<DisturbingProxy> {
	const sockets = new Set<Socket>();
	let disturbance: Disturbance | undefined;
	let bytes = 0;
	const server = createServer((client) => {
		const target = connect(targetPort, '127.0.0.1');
		for (const socket of [client, target]) {
			sockets.add(socket);
			socket.on('error', () => {});
			socket.on('close', () => sockets.delete(socket));
		}
		forward(client, target);
		forward(target, client);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		disturb(next) {
			disturbance = next;
			bytes = 0;
			if (!next) for (const socket of sockets) socket.destroy();
		},
		async stop() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};

	function forward(from: Socket, to: Socket): void {
		from.on('data', (piece: Buffer) => {
			bytes += piece.length;
			if (disturbance && bytes > disturbance.afterBytes) {
				if (disturbance.kind === 'stall') return;
				from.resetAndDestroy();
				to.resetAndDestroy();
				return;
			}
			if (to.write(piece)) return;
			from.pause();
			to.once('drain', () => from.resume());
		});
		from.on('end', () => to.end());
		from.on('close', () => to.destroy());
	}
}
