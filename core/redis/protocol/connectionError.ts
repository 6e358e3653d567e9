import { BackupError, errorCode, networkError } from '../../errors';
import { describeServer, type RedisConnection } from '../connection';
import { ProtocolError } from './resp';

/** How far we came: to nothing that answers, to an open port, or to a server that has said something. */
export type Reached = 'nothing' | 'port' | 'server';

/** An error of the socket. What speaks TLS where we do not, or the other way round, shows only in how it fails. */
export function connectionError(error: unknown, connection: RedisConnection, reached: Reached): BackupError {
	const server = describeServer(connection);
	if (error instanceof ProtocolError) {
		return new BackupError(
			'unreachable',
			`What answers at ${connection.host}:${connection.port} is not Redis`,
			{ advice: 'Correct host and port in the Redis credential', cause: error },
		);
	}
	if (reached !== 'port') return networkError(error, server);
	const explained = connection.tls ? tlsError(error, server) : plainError(error, server);
	return explained ?? networkError(error, server);
}

function plainError(error: unknown, server: string): BackupError | undefined {
	if (!wasClosed(error)) return undefined;
	return new BackupError('unreachable', `${server} closed the connection before it answered`, {
		advice: 'Switch SSL on in the Redis credential if that port serves TLS; otherwise look into its log',
		cause: error,
	});
}

function tlsError(error: unknown, server: string): BackupError | undefined {
	const code = errorCode(error) ?? '';
	if (code.endsWith('_ALERT_CERTIFICATE_REQUIRED')) {
		return new BackupError('auth', `${server} asks for a client certificate`, {
			advice: withoutCertificate,
			cause: error,
		});
	}
	// An alert comes from the other side, so that one speaks TLS.
	if (code.includes('_ALERT_')) {
		const reason = code
			.replace(/^.*_ALERT_/, '')
			.replaceAll('_', ' ')
			.toLowerCase();
		return new BackupError('unreachable', `${server} refused the TLS connection: ${reason}`, {
			advice: `Look into its log; it may ask for a client certificate. ${withoutCertificate}`,
			cause: error,
		});
	}
	if (code === 'ETIMEDOUT' || code.startsWith('ERR_SSL')) {
		return new BackupError('unreachable', `${server} did not answer in TLS`, {
			advice: 'Switch SSL off in the Redis credential if that port serves plain connections',
			cause: error,
		});
	}
	if (!wasClosed(error)) return undefined;
	return new BackupError('unreachable', `${server} closed the TLS connection before it answered`, {
		advice: `Look into its log; it may ask for a client certificate. ${withoutCertificate}`,
		cause: error,
	});
}

const withoutCertificate =
	'n8n’s Redis credential has none: set tls-auth-clients to optional on that server and rely on its password, or give one to the command line (--tls-cert, --tls-key)';

function wasClosed(error: unknown): boolean {
	const code = errorCode(error);
	return code === 'ECONNRESET' || code === 'EPIPE';
}
