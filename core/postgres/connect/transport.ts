import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import { networkError } from '../../errors';
import { connectTimeoutOf, describeServer, hasTunnel, type PostgresConnection } from './connection';
import { openTunnel } from './sshTunnel';
import { openTcp } from './tcp';
import { startTls } from './tls';

/**
 * A connection to the server on which PostgreSQL's protocol can begin: by TCP, by a Unix socket or through an
 * SSH tunnel, encrypted as the connection asks. Destroying it closes everything that it runs over.
 *
 * @throws BackupError that names the server and says what to do
 */
export async function openTransport(connection: PostgresConnection, signal: AbortSignal): Promise<Duplex> {
	const deadline = AbortSignal.timeout(connectTimeoutOf(connection));
	try {
		return await open(connection, AbortSignal.any([signal, deadline]));
	} catch (error) {
		const isLate = deadline.aborted && !signal.aborted;
		throw networkError(isLate ? { code: 'ETIMEDOUT' } : error, describeServer(connection));
	}
}

async function open(connection: PostgresConnection, signal: AbortSignal): Promise<Duplex> {
	const socket = await openSocket(connection, signal);
	try {
		return await startTls(socket, connection, signal);
	} catch (error) {
		socket.on('error', () => {});
		socket.destroy();
		throw error;
	}
}

async function openSocket(connection: PostgresConnection, signal: AbortSignal): Promise<Duplex> {
	if (!hasTunnel(connection)) return await openTcp(connection, signal);
	const tunnel = await openTunnel(connection, signal);
	// The SSH server may wait longer for PostgreSQL than we do, behind a firewall that drops what it does not like.
	using _ = addAbortListener(signal, () => tunnel.close());
	try {
		const channel = await tunnel.connect();
		channel.once('close', () => tunnel.close());
		return channel;
	} catch (error) {
		tunnel.close();
		throw error;
	}
}
