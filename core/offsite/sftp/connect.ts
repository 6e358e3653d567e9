import { addAbortListener } from 'node:events';
import { Client, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { BackupError, cancelledError, errorMessage, networkError } from '../../errors';
import { fingerprintOf, type HostKeys } from './hostKeys';

export interface SftpOptions {
	host: string;
	port: number;
	user: string;
	/** On the server; one without a leading slash begins at the user's home. */
	path: string;
	password?: string;
	/** In PEM or OpenSSH format. */
	privateKey?: string;
	passphrase?: string;
	hostKeys: HostKeys;
	/** No answer for so long means that there is none; a minute when undefined. */
	idleWithinMs?: number;
	/** Told the key of a server on its first use, to be shown. */
	onNewHostKey?: (server: string, fingerprint: string) => void;
}

export interface SftpConnection {
	sftp: SFTPWrapper;
	/** Fires when the connection has ended; its reason is a BackupError. */
	ended: AbortSignal;
	close(): void;
}

const connectWithinMs = 10_000;

/** Four unanswered questions in a row, and the server counts as gone. */
const keepAlive = { keepaliveInterval: 15_000, keepaliveCountMax: 4 };

/** A server in messages. */
export function nameOf({ host, port }: Pick<SftpOptions, 'host' | 'port'>): string {
	return `the SFTP server ${host}:${port}`;
}

/**
 * Logs in at an SFTP server. Its host key is kept on the first use, and another one later is refused.
 *
 * @throws BackupError `auth` for a changed key or a refused user, `bad-parameter` for an unusable private key,
 * `unsupported` for a server without SFTP, `unreachable`, `cancelled`
 */
export async function connectSftp(options: SftpOptions, signal: AbortSignal): Promise<SftpConnection> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const server = `${options.host}:${options.port}`;
	const expected = await options.hostKeys.expected(server);
	const client = new Client();
	let shown: string | undefined;
	const ending = new AbortController();
	using _ = addAbortListener(signal, () => client.destroy());
	const close = () => {
		client.end();
		// A server that is gone would never answer the farewell.
		client.destroy();
	};
	try {
		await new Promise<void>((resolve, reject) => {
			const fail = (error: BackupError) => {
				ending.abort(signal.aborted ? cancelledError(signal.reason) : error);
				reject(ending.signal.reason as BackupError);
			};
			client.once('ready', resolve);
			client.on('error', (error) => fail(loginError(error, options, { expected, shown })));
			client.once('close', () => fail(connectionLost(options)));
			// Many servers offer passwords in this form only.
			client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
				finish(prompts.map(() => options.password ?? ''));
			});
			const hostVerifier = (key: Buffer) => {
				shown = fingerprintOf(key);
				return expected === undefined || shown === expected;
			};
			try {
				client.connect({ ...loginConfig(options), hostVerifier });
			} catch (error) {
				reject(keyError(error));
			}
		});
		// Short questions follow one another: none may wait to be sent together with the next.
		client.setNoDelay(true);
		if (expected === undefined && shown !== undefined) {
			await options.hostKeys.pin(server, shown);
			options.onNewHostKey?.(server, shown);
		}
		return { sftp: await openSftp(client, options), ended: ending.signal, close };
	} catch (error) {
		close();
		throw signal.aborted ? cancelledError(signal.reason) : error;
	}
}

function loginConfig(options: SftpOptions): ConnectConfig {
	const { host, port, user, password, privateKey, passphrase } = options;
	return {
		...{ host, port, username: user, password, privateKey, passphrase },
		tryKeyboard: password !== undefined,
		readyTimeout: connectWithinMs,
		...keepAlive,
	};
}

async function openSftp(client: Client, options: SftpOptions): Promise<SFTPWrapper> {
	return await new Promise((resolve, reject) => {
		// ssh2's own time-out is for the login alone.
		const timer = setTimeout(() => reject(noAnswer(options)), connectWithinMs);
		client.once('close', () => reject(connectionLost(options)));
		client.sftp((error, sftp) => {
			clearTimeout(timer);
			if (!error) return resolve(sftp);
			const advice = 'Allow the subsystem sftp in its configuration, or use another server';
			reject(new BackupError('unsupported', `${nameOf(options)} offers no SFTP`, { advice, cause: error }));
		});
	});
}

interface Keys {
	expected: string | undefined;
	shown: string | undefined;
}

function loginError(
	error: Error & { level?: string },
	options: SftpOptions,
	{ expected, shown }: Keys,
): BackupError {
	const name = nameOf(options);
	if (expected !== undefined && shown !== undefined && shown !== expected) {
		return new BackupError('auth', `The host key of ${name} is ${shown} where ${expected} was expected`, {
			advice:
				'Find out whether the server was set up anew or somebody is in between; only then take the old key out of .offsite-host-keys.json in the backup directory, or of the setting',
			cause: error,
		});
	}
	if (error.level === 'client-authentication') {
		return new BackupError('auth', `${name} refused the user “${options.user}”`, {
			advice: 'Correct the user, password or private key in the credential',
			cause: error,
		});
	}
	if (error.level === 'client-timeout') return noAnswer(options);
	return networkError(error, name);
}

function noAnswer(options: SftpOptions): BackupError {
	return networkError(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }), nameOf(options));
}

export function connectionLost(options: SftpOptions): BackupError {
	return networkError(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), nameOf(options));
}

function keyError(error: unknown): BackupError {
	return new BackupError('bad-parameter', `The SSH private key cannot be used: ${errorMessage(error)}`, {
		advice: 'Give the whole key in PEM or OpenSSH format, with its passphrase if it has one',
		cause: error,
	});
}
