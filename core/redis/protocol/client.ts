import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BackupError, cancelledError } from '../../errors';
import type { RedisConnection } from '../connection';
import { connectionError, type Reached } from './connectionError';
import { replyError } from '../redisError';
import { encodeCommand, type Reply, ReplyError, RespParser } from './resp';

const defaultConnectTimeoutMs = 10_000;
const defaultCommandTimeoutMs = 30_000;

/** A reply that is no error, at its top level. */
export type Answer = Exclude<Reply, ReplyError>;

/** Commands to a server, by whatever way they reach it. */
export type RedisCommands = Pick<RedisClient, 'connection' | 'ask' | 'command'>;

export interface ClientOptions {
	/** Milliseconds until a command's answer is given up; 30 seconds when undefined. */
	commandTimeoutMs?: number;
}

interface Waiting {
	resolve: (reply: Reply) => void;
	reject: (error: BackupError) => void;
	timer: NodeJS.Timeout;
}

/**
 * One connection to a Redis server, for commands one after the other. It is closed when the signal fires; every
 * command that waits then fails as cancelled.
 */
export class RedisClient {
	readonly connection: RedisConnection;
	readonly #socket: Socket;
	readonly #signal: AbortSignal;
	readonly #commandTimeoutMs: number;
	readonly #parser = new RespParser();
	readonly #waiting: Waiting[] = [];
	#answered = false;
	#failure: BackupError | undefined;

	/**
	 * Connects and says who we are.
	 *
	 * @throws {BackupError} `unreachable`, `auth` or `cancelled`
	 */
	static async connect(
		connection: RedisConnection,
		signal: AbortSignal,
		options: ClientOptions = {},
	): Promise<RedisClient> {
		const client = new RedisClient(connection, await openSocket(connection, signal), signal, options);
		const { user, password } = connection;
		if (!user && !password) return client;
		try {
			// An ACL user may have no password; whoever is not named here is the default user.
			await client.command('AUTH', ...(user ? [user] : []), password ?? '');
			return client;
		} catch (error) {
			client.close();
			throw error;
		}
	}

	private constructor(
		connection: RedisConnection,
		socket: Socket,
		signal: AbortSignal,
		{ commandTimeoutMs }: ClientOptions,
	) {
		this.connection = connection;
		this.#socket = socket;
		this.#signal = signal;
		this.#commandTimeoutMs = commandTimeoutMs ?? defaultCommandTimeoutMs;
		socket.on('data', this.#onData);
		socket.on('error', this.#onError);
		socket.on('close', this.#onClose);
		signal.addEventListener('abort', this.#onAbort, { once: true });
	}

	/** Our end of the connection, as the server may reach it. */
	get localAddress(): string | undefined {
		return this.#socket.localAddress;
	}

	/** The server's address, not its name. */
	get remoteAddress(): string | undefined {
		return this.#socket.remoteAddress;
	}

	/**
	 * Runs one command.
	 *
	 * @throws {BackupError} what the server answered, when it is an error, or what became of the connection
	 */
	async command(...args: [string, ...string[]]): Promise<Answer> {
		const reply = await this.ask(...args);
		if (reply instanceof ReplyError) throw replyError(reply, this.connection, args[0]);
		return reply;
	}

	/** Runs one command; an error of the server's is a reply like any other. */
	async ask(...args: [string, ...string[]]): Promise<Reply> {
		if (this.#failure) throw this.#failure;
		return await new Promise((resolve, reject) => {
			const timer = setTimeout(() => this.#fail(timeoutError()), this.#commandTimeoutMs);
			this.#waiting.push({ resolve, reject, timer });
			this.#socket.write(encodeCommand(args));
		});
	}

	/** Sends a command whose answer is no ordinary reply and hands the socket over, paused, to whoever reads it. */
	handOver(...args: [string, ...string[]]): Socket {
		this.#stopListening();
		this.#socket.pause();
		const rest = this.#parser.takeRest();
		if (rest.length > 0) this.#socket.unshift(rest);
		this.#socket.write(encodeCommand(args));
		return this.#socket;
	}

	close(): void {
		this.#stopListening();
		this.#socket.on('error', () => {});
		this.#socket.destroy();
	}

	#onData = (chunk: Buffer): void => {
		try {
			this.#parser.push(chunk);
			for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
				this.#answered = true;
				this.#settle(reply);
			}
		} catch (error) {
			this.#fail(error);
		}
	};

	#settle(reply: Reply): void {
		const waiting = this.#waiting.shift();
		if (waiting) {
			clearTimeout(waiting.timer);
			waiting.resolve(reply);
		} else if (reply instanceof ReplyError) {
			// Said before anything was asked: protected mode, or too many clients.
			this.#fail(replyError(reply, this.connection, 'connections'));
		}
	}

	#onError = (error: Error): void => this.#fail(error);

	#onClose = (): void => this.#fail(resetError());

	#onAbort = (): void => this.#fail(cancelledError(this.#signal.reason));

	#fail(error: unknown): void {
		this.#failure ??= connectionError(error, this.connection, this.#answered ? 'server' : 'port');
		for (const { reject, timer } of this.#waiting.splice(0)) {
			clearTimeout(timer);
			reject(this.#failure);
		}
		this.#socket.destroy();
	}

	#stopListening(): void {
		this.#failure ??= new BackupError('internal', 'The connection to Redis was already closed', {
			advice: 'Run it again',
		});
		this.#signal.removeEventListener('abort', this.#onAbort);
		this.#socket.off('data', this.#onData);
		this.#socket.off('error', this.#onError);
		this.#socket.off('close', this.#onClose);
	}
}

/** Connects, lets `use` run its commands, and closes the connection whatever happens. */
export async function withRedis<T>(
	connection: RedisConnection,
	options: ClientOptions & { signal: AbortSignal },
	use: (client: RedisClient) => Promise<T>,
): Promise<T> {
	const client = await RedisClient.connect(connection, options.signal, options);
	try {
		return await use(client);
	} finally {
		client.close();
	}
}

function openSocket(connection: RedisConnection, signal: AbortSignal): Promise<Socket> {
	if (signal.aborted) return Promise.reject(cancelledError(signal.reason));
	const { host, port, tls } = connection;
	const socket = tls
		? connectTls({
				host,
				port,
				// A certificate for an address is not asked for by name (RFC 6066, 3).
				servername: isIP(host) ? undefined : host,
				ca: tls.ca,
				cert: tls.certificate,
				key: tls.key,
				rejectUnauthorized: tls.verifyCertificate,
			})
		: connectTcp({ host, port });
	let reached: Reached = 'nothing';
	socket.once('connect', () => (reached = 'port'));
	return new Promise((resolve, reject) => {
		const settle = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', onAbort);
			socket.off('error', onError);
		};
		const give = (error: BackupError) => {
			settle();
			socket.on('error', () => {});
			socket.destroy();
			reject(error);
		};
		const onError = (error: unknown) => give(connectionError(error, connection, reached));
		const onAbort = () => give(cancelledError(signal.reason));
		const timer = setTimeout(
			() => onError(timeoutError()),
			connection.connectTimeoutMs ?? defaultConnectTimeoutMs,
		);
		signal.addEventListener('abort', onAbort, { once: true });
		socket.once('error', onError);
		socket.once(tls ? 'secureConnect' : 'connect', () => {
			settle();
			// A server that vanishes without a word is noticed in the end.
			socket.setKeepAlive(true, 30_000);
			resolve(socket);
		});
	});
}

/** The errors that sockets themselves give in these cases. */
export function timeoutError(): Error {
	return Object.assign(new Error('No answer in time'), { code: 'ETIMEDOUT' });
}

export function resetError(): Error {
	return Object.assign(new Error('The connection was closed'), { code: 'ECONNRESET' });
}
