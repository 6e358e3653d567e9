import { addAbortListener, once } from 'node:events';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { BackupError, cancelledError, networkError } from '../../errors';
import { describeServer, type PostgresConnection } from './connection';

/** SSLRequest: its length and the code 80877103 (PostgreSQL's protocol documentation, "Message Formats"). */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * Asks the server for TLS and starts it, as the connection's settings say.
 *
 * @returns the socket to go on with: the encrypted one, or the same where TLS is off or not on offer
 * @throws BackupError `unsupported` when the server has no TLS where it is required, `auth` for its certificate
 */
export async function startTls(
	socket: Duplex,
	connection: PostgresConnection,
	signal: AbortSignal,
): Promise<Duplex> {
	if (connection.tls.mode === 'disable') return socket;
	using _ = addAbortListener(signal, () => socket.destroy(cancelledError(signal.reason)));
	if (await offersTls(socket, connection)) return await encrypt(socket, connection);
	if (connection.tls.mode === 'prefer') return socket;
	throw new BackupError('unsupported', `${describeServer(connection)} does not offer TLS`, {
		advice: 'Switch TLS on at the server (ssl = on), or set SSL to “Disable” in the credential',
	});
}

async function offersTls(socket: Duplex, connection: PostgresConnection): Promise<boolean> {
	socket.write(sslRequest);
	const answer = await firstChunk(socket, connection);
	// More than one byte would be plain text that somebody slipped in before the encryption (CVE-2021-23222).
	if (answer.length === 1 && answer.toString() === 'S') return true;
	if (answer.length === 1 && answer.toString() === 'N') return false;
	throw new BackupError('unsupported', `${describeServer(connection)} did not answer as PostgreSQL does`, {
		advice: 'Correct host and port in the credential',
	});
}

async function firstChunk(socket: Duplex, connection: PostgresConnection): Promise<Buffer> {
	return await new Promise((resolve, reject) => {
		const lost = () => reject(networkError(resetError(), describeServer(connection)));
		const read = () => {
			const chunk = socket.read() as Buffer | null;
			// What is readable may also be the end.
			if (chunk === null) return;
			socket.off('readable', read).off('error', reject).off('close', lost).off('end', lost);
			resolve(chunk);
		};
		socket.on('readable', read).once('error', reject).once('close', lost).once('end', lost);
	});
}

async function encrypt(socket: Duplex, connection: PostgresConnection): Promise<TLSSocket> {
	const { host, tls } = connection;
	const encrypted = connectTls({
		socket,
		// Certificates name hosts, also where a tunnel leads there; addresses cannot be asked for by SNI.
		...(isIP(host) ? {} : { servername: host }),
		host,
		rejectUnauthorized: tls.verifyCertificate,
		ca: tls.ca,
		cert: tls.certificate,
		key: tls.key,
	});
	const lost = () => encrypted.destroy(resetError());
	socket.once('close', lost);
	try {
		await once(encrypted, 'secureConnect');
	} catch (error) {
		throw networkError(error, describeServer(connection));
	} finally {
		socket.off('close', lost);
	}
	return encrypted;
}

function resetError(): Error {
	return Object.assign(new Error('The server closed the connection'), { code: 'ECONNRESET' });
}
