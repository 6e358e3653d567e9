import { statSync } from 'node:fs';
import { BackupError, errorCode, errorMessage, networkError } from '../errors';
import { type DockerConnection, describeEngine } from './connection';
import type { Operation } from './operations';

/** The status of an answer that was no success; undefined when there was no answer. */
export function httpStatus(error: unknown): number | undefined {
	if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
	return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** What the engine itself said, without what dockerode puts around it. */
export function engineMessage(error: unknown): string {
	return errorMessage(error)
		.replace(/^\(HTTP code \d+\) .*? - /s, '')
		.trim();
}

/**
 * Whatever a call failed with as a {@link BackupError} that names the engine and says what to do. A BackupError
 * is returned as it is. What 404 and 409 mean depends on the call, so callers who know handle them first.
 */
export function dockerError(error: unknown, connection: DockerConnection, operation: Operation): BackupError {
	if (error instanceof BackupError) return error;
	const status = httpStatus(error);
	if (status !== undefined) return refusedCall(error, status, connection, operation);
	return connection.kind === 'socket'
		? socketError(error, connection)
		: networkError(tlsMismatch(error, connection) ?? error, describeEngine(connection));
}

function refusedCall(
	error: unknown,
	status: number,
	connection: DockerConnection,
	{ call, purpose, permissions }: Operation,
): BackupError {
	const engine = describeEngine(connection);
	const message = engineMessage(error);
	if (status === 403 || status === 405) {
		return new BackupError('not-permitted', `n8n wanted to ${purpose}, but ${engine} forbids ${call}`, {
			advice: `Allow it in the socket proxy’s environment: ${permissions.map((name) => `${name}=1`).join(' ')}`,
			cause: error,
		});
	}
	if (status === 401) {
		return new BackupError('auth', `${engine} refused n8n: ${message}`, {
			advice: 'Correct the client certificate in the credential',
			cause: error,
		});
	}
	if (message.includes('HTTP request to an HTTPS server')) {
		return new BackupError('auth', `${engine} speaks TLS only`, {
			advice: 'Switch TLS on in the credential and give it CA, certificate and key',
			cause: error,
		});
	}
	return new BackupError('server', `${engine} could not ${purpose}: ${message}`, {
		advice: 'Look into the engine’s log (journalctl -u docker) for the reason, then run it again',
		cause: error,
	});
}

function socketError(error: unknown, { path }: { path: string }): BackupError {
	switch (errorCode(error)) {
		case 'EACCES':
		case 'EPERM':
			return new BackupError(
				'not-permitted',
				`n8n’s user is not permitted to use the Docker socket ${path}`,
				{
					advice: groupFix(path),
					cause: error,
				},
			);
		case 'ENOENT':
		case 'ENOTDIR':
			return new BackupError('not-found', `There is no Docker socket at ${path}`, {
				advice: `Mount it into n8n’s container (volumes: - /var/run/docker.sock:${path}), or correct the path in the credential`,
				cause: error,
			});
		case 'ECONNREFUSED':
			return new BackupError('unreachable', `No Docker Engine listens at the socket ${path}`, {
				advice:
					'Start Docker; when it was restarted since, recreate n8n’s container so that it sees the new socket',
				cause: error,
			});
		default:
			return networkError(error, describeEngine({ kind: 'socket', path }));
	}
}

/** The socket's group is known even to those who may not open it. */
function groupFix(path: string): string {
	try {
		const { gid } = statSync(path);
		return `Add the socket’s group to n8n’s container (group_add: ["${gid}"]) and recreate it`;
	} catch {
		return 'Add the group that owns the socket to n8n’s container (group_add) and recreate it';
	}
}

/** What Node reports when one side speaks TLS and the other does not, or the engine misses our certificate. */
function tlsMismatch(error: unknown, connection: DockerConnection): BackupError | undefined {
	const details = `${errorCode(error)} ${errorMessage(error)}`;
	const engine = describeEngine(connection);
	if (/wrong version number|packet length too long/i.test(details)) {
		return new BackupError('bad-parameter', `${engine} does not speak TLS`, {
			advice: 'Switch TLS off in the credential, or correct the port (2376 is the usual one with TLS)',
			cause: error,
		});
	}
	if (/alert.*(certificate|unknown.ca)/i.test(details)) {
		return new BackupError('auth', `${engine} did not accept n8n’s client certificate`, {
			advice: 'Give the credential a certificate and key that the engine’s CA has signed',
			cause: error,
		});
	}
	return undefined;
}
