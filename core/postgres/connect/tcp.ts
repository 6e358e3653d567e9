import { addAbortListener } from 'node:events';
import type { Socket } from 'node:net';
import { cancelledError } from '../../errors';
import { connectForDirectReads } from '../../blocks';

/** Quiet for this long, the other side is asked whether it is still there; the kernel gives up soon after. */
const keepAliveAfterMs = 30_000;

export interface TcpTarget {
	/** A name, an address, or the directory of a Unix socket, as libpq takes it: it begins with a slash. */
	host: string;
	port: number;
}

/**
 * Connects a socket that notices when its other side vanishes without a word.
 *
 * @throws the socket's own error (with an `errno` code), or BackupError `cancelled`
 */
export async function openTcp({ host, port }: TcpTarget, signal: AbortSignal): Promise<Socket> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const socket = connectForDirectReads(
		host.startsWith('/')
			? { path: `${host}/.s.PGSQL.${port}` }
			: { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveAfterMs },
	);
	using _ = addAbortListener(signal, () => socket.destroy(cancelledError(signal.reason)));
	await new Promise<void>((resolve, reject) => {
		socket.once('connect', resolve);
		socket.once('error', reject);
	});
	return socket;
}
