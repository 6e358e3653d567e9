import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { PostgresConnection, SshTunnel } from './connection';
import { type OpenTunnel, openTunnel } from './sshTunnel';

/** A port on this machine that leads through the SSH tunnel to the server, until it is disposed of. */
export interface LoopbackForward extends AsyncDisposable {
	port: number;
}

/**
 * Opens a free port of the loopback interface for programs that know nothing of SSH tunnels.
 *
 * @throws BackupError when the SSH server cannot be used
 */
export async function forwardLoopback(
	connection: PostgresConnection & { sshTunnel: SshTunnel },
	signal: AbortSignal,
): Promise<LoopbackForward> {
	const tunnel = await openTunnel(connection, signal);
	const sockets = new Set<Socket>();
	const server = createServer({ noDelay: true }, (socket) => {
		sockets.add(socket);
		socket.once('close', () => sockets.delete(socket));
		void join(socket, tunnel);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		[Symbol.asyncDispose]: async () => {
			for (const socket of sockets) socket.destroy();
			tunnel.close();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

/** Whatever ends one side ends the other; the program at this side reports it. */
async function join(socket: Socket, tunnel: OpenTunnel): Promise<void> {
	socket.on('error', () => {});
	try {
		const channel = await tunnel.connect();
		channel.on('error', () => socket.destroy());
		channel.once('close', () => socket.destroy());
		socket.once('close', () => channel.destroy());
		socket.pipe(channel).pipe(socket);
	} catch {
		socket.destroy();
	}
}
