import { once } from 'node:events';
import { openTransport } from '../../connect/transport';
import type { PostgresConnection } from '../../connect/connection';

const cancelRequestCode = 80877102;

/** How long a cancellation may take; after that the server finds out by itself. */
const patienceMs = 2000;

/**
 * Asks the server to break off what a session is doing, over a connection of its own as the protocol asks. A
 * server that waits for a lock does not notice that its client has gone, and would keep the session, and its place
 * in the queue for that lock, until the lock is free.
 *
 * Never rejects: the dump has been given up already, and nobody could do more.
 *
 * Source: PostgreSQL's documentation, "Canceling Requests in Progress".
 *
 * @param key as the server sent it in BackendKeyData
 */
export async function cancelSession(connection: PostgresConnection, key: Buffer): Promise<void> {
	const signal = AbortSignal.timeout(patienceMs);
	try {
		const socket = await openTransport(connection, signal);
		socket.on('error', () => {});
		const closed = once(socket, 'close', { signal });
		const request = Buffer.alloc(8);
		request.writeInt32BE(request.length + key.length, 0);
		request.writeInt32BE(cancelRequestCode, 4);
		socket.resume();
		socket.end(Buffer.concat([request, key]));
		await closed.finally(() => socket.destroy());
	} catch {
		// The server cannot be reached, or took too long: it will end the session when it next writes to it.
	}
}
