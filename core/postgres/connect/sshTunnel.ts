import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import { Client, type ConnectConfig } from 'ssh2';
import { BackupError, cancelledError, errorMessage, networkError } from '../../errors';
import { connectTimeoutOf, describeServer, type PostgresConnection, type SshTunnel } from './connection';

/** Four unanswered questions in a row, and the SSH server counts as gone. */
const keepAlive = { keepaliveInterval: 15_000, keepaliveCountMax: 4 };

/** A log-in at an SSH server, through which any number of connections can be opened. */
export interface OpenTunnel {
	/** A connection from the SSH server to the PostgreSQL server. */
	connect(): Promise<Duplex>;
	close(): void;
}

/**
 * Logs in at the connection's SSH server. Like n8n's own Postgres node it accepts any host key, for n8n's
 * credential has none to compare with.
 *
 * @throws BackupError `bad-parameter` for an unusable key, `auth`, `unreachable` or `cancelled`
 */
export async function openTunnel(
	connection: PostgresConnection & { sshTunnel: SshTunnel },
	signal: AbortSignal,
): Promise<OpenTunnel> {
	const { sshTunnel } = connection;
	if (signal.aborted) throw cancelledError(signal.reason);
	const client = new Client();
	using _ = addAbortListener(signal, () => client.destroy());
	await new Promise<void>((resolve, reject) => {
		client.once('ready', resolve);
		client.once('error', (error) => reject(sshError(error, sshTunnel)));
		client.once('close', () => reject(signal.aborted ? cancelledError(signal.reason) : closed(sshTunnel)));
		// Many servers offer passwords in this form only.
		client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
			finish(prompts.map(() => sshTunnel.password ?? ''));
		});
		try {
			client.connect(loginConfig(sshTunnel, connectTimeoutOf(connection)));
		} catch (error) {
			reject(keyError(error));
		}
	});
	// pg_dump asks some hundred short questions: none of them may wait to be sent together with the next.
	client.setNoDelay(true);
	// From here on its connections report what goes wrong.
	client.on('error', () => {});
	return {
		connect: () => forward(client, connection),
		close: () => {
			client.end();
			// An SSH server that is gone would never answer the farewell.
			client.destroy();
		},
	};
}

function loginConfig(tunnel: SshTunnel, timeoutMs: number): ConnectConfig {
	return {
		host: tunnel.host,
		port: tunnel.port,
		username: tunnel.user,
		password: tunnel.password,
		privateKey: tunnel.privateKey,
		passphrase: tunnel.passphrase,
		tryKeyboard: tunnel.password !== undefined,
		readyTimeout: timeoutMs,
		...keepAlive,
	};
}

async function forward(
	client: Client,
	connection: PostgresConnection & { sshTunnel: SshTunnel },
): Promise<Duplex> {
	const { host, port, sshTunnel } = connection;
	return await new Promise((resolve, reject) => {
		const lose = () => reject(closed(sshTunnel));
		client.once('close', lose);
		client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
			client.off('close', lose);
			if (!error) {
				resolve(channel);
				return;
			}
			const what = `The ${nameOf(sshTunnel)} could not reach ${describeServer(connection)}: ${error.message}`;
			reject(
				new BackupError('unreachable', what, {
					advice:
						'Correct host and port as the SSH server sees them, and allow TCP forwarding in its configuration',
					cause: error,
				}),
			);
		});
	});
}

function sshError(error: Error & { level?: string }, tunnel: SshTunnel): BackupError {
	if (error.level === 'client-authentication') {
		return new BackupError('auth', `The ${nameOf(tunnel)} refused the user “${tunnel.user}”`, {
			advice: 'Correct the SSH user, password or private key in the credential',
			cause: error,
		});
	}
	if (error.level === 'client-timeout') {
		return networkError(Object.assign(new Error(error.message), { code: 'ETIMEDOUT' }), nameOf(tunnel));
	}
	return networkError(error, nameOf(tunnel));
}

function closed(tunnel: SshTunnel): BackupError {
	return networkError(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), nameOf(tunnel));
}

function keyError(error: unknown): BackupError {
	return new BackupError('bad-parameter', `The SSH private key cannot be used: ${errorMessage(error)}`, {
		advice:
			'Paste the whole key in PEM or OpenSSH format into the credential, with its passphrase if it has one',
		cause: error,
	});
}

function nameOf({ host, port }: SshTunnel): string {
	return `SSH server at ${host}:${port}`;
}
