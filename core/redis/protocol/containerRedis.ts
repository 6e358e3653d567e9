import { type Container, type DockerClient, runExec } from '../../docker';
import { BackupError } from '../../errors';
import { parseCliReply } from './cliReply';
import type { Answer, RedisCommands } from './client';
import type { RedisConnection } from '../connection';
import { replyError } from '../redisError';
import { type Reply, ReplyError } from './resp';

/** Who to be to a server inside a container. */
export interface ContainerRedisLogin {
	/** Undefined: the default user. */
	user?: string;
	/** Undefined: the one that the container's environment has in REDISCLI_AUTH, or none. */
	password?: string;
	/** Undefined: 6379. */
	port?: number;
	/** Whether that port serves nothing but TLS. Within the container, any certificate of the server's will do. */
	tls?: boolean;
	/** Paths inside the container, for a server that asks its clients for a certificate. */
	tlsCertificate?: string;
	tlsKey?: string;
}

/** redis-cli has no time-out of its own for a server that has stopped to answer. */
const answerMs = 60_000;

/** Commands to a server by the redis-cli inside its own container, one process each. */
export class ContainerRedis implements RedisCommands {
	/** How messages name it: `Redis at myproject-redis-1:6379`. */
	readonly connection: RedisConnection;
	readonly #client: DockerClient;
	readonly #container: Container;
	readonly #login: ContainerRedisLogin;
	readonly #signal: AbortSignal;
	/** Whether the user's password is the one in the container's environment. */
	#hasOwnPassword = false;

	constructor(client: DockerClient, container: Container, login: ContainerRedisLogin, signal: AbortSignal) {
		this.connection = { host: container.name, port: login.port ?? 6379, user: login.user };
		this.#client = client;
		this.#container = container;
		this.#login = login;
		this.#signal = signal;
	}

	/** @throws BackupError what the server answered, when it is an error, or why redis-cli could not be run */
	async command(...args: [string, ...string[]]): Promise<Answer> {
		const reply = await this.ask(...args);
		if (reply instanceof ReplyError) throw replyError(reply, this.connection, args[0]);
		return reply;
	}

	/** An error of the server's is a reply like any other. */
	async ask(...args: [string, ...string[]]): Promise<Reply> {
		const { user, password } = this.#login;
		if (password || !user) return await this.#run(args, password === '' ? undefined : password);
		// Without any password redis-cli does not log in at all: an empty one is for users that need none.
		const reply = await this.#run(args, this.#hasOwnPassword ? undefined : '');
		if (this.#hasOwnPassword || !isWrongPassword(reply)) return reply;
		this.#hasOwnPassword = true;
		return await this.#run(args, undefined);
	}

	async #run(args: [string, ...string[]], password: string | undefined): Promise<Reply> {
		const { user, tls, tlsCertificate, tlsKey } = this.#login;
		const options = [
			...['--no-raw', '--no-auth-warning', '-p', String(this.connection.port)],
			...(user ? ['--user', user] : []),
			...(tls ? ['--tls', '--insecure'] : []),
			...(tls && tlsCertificate ? ['--cert', tlsCertificate] : []),
			...(tls && tlsKey ? ['--key', tlsKey] : []),
		];
		const { exitCode, stdout, stderr } = await this.#exec(
			['redis-cli', ...options, ...args],
			// Not as an argument, which any list of processes shows.
			password === undefined ? {} : { REDISCLI_AUTH: password },
		);
		// redis-cli goes on without the log-in that failed.
		if (/^AUTH failed: /m.test(stderr)) return new ReplyError(stderr.replace(/^.*AUTH failed: /s, '').trim());
		// What INFO answers is printed as it is, its errors included.
		if (args[0] === 'INFO' && exitCode === 0 && !stdout.startsWith('#')) return new ReplyError(stdout.trim());
		if (exitCode === 0) return parseCliReply(stdout);
		throw this.#cliFailed(exitCode, (stderr || stdout).trim());
	}

	async #exec(argv: [string, ...string[]], environment: Record<string, string>) {
		const timeout = AbortSignal.timeout(answerMs);
		try {
			const signal = AbortSignal.any([this.#signal, timeout]);
			return await runExec(this.#client, { container: this.#container, argv, environment }, signal);
		} catch (error) {
			if (!timeout.aborted || this.#signal.aborted) throw error;
			throw new BackupError(
				'unreachable',
				`Redis in the container ${this.#container.name} did not answer within ${answerMs / 1000} seconds`,
				{ advice: 'Look into its log for what it is doing, then run it again', cause: error },
			);
		}
	}

	#cliFailed(exitCode: number, said: string): BackupError {
		const { name, image } = this.#container;
		const isMissing = exitCode === 126 || exitCode === 127;
		return new BackupError(
			isMissing ? 'unsupported' : 'unreachable',
			`redis-cli in the container ${name} ended with exit code ${exitCode}: ${said}`,
			{
				advice: isMissing
					? `See whether ${name} (image ${image}) is the Redis server; for images without redis-cli use the built-in engine`
					: 'See whether Redis listens on that port inside its container, by TLS or not, and whether it asks for a client certificate; then correct Container Port, TLS in Container and the certificate among the options',
			},
		);
	}
}

function isWrongPassword(reply: Reply): boolean {
	return reply instanceof ReplyError && reply.kind === 'WRONGPASS';
}
