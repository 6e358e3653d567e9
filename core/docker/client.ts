import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import type Docker from 'dockerode';
import { BackupError, cancelledError } from '../errors';
import { type DockerConnection, type DockerTls, describeEngine } from './connection';
import { dockerError } from './dockerError';
import type { Operation } from './operations';

/** An engine answers its small calls at once; only a container locked by a running archive call holds them up. */
const defaultTimeoutMs = 60_000;

export interface CallOptions {
	/** Gives the call up; one that changes something should be left to end instead. */
	signal?: AbortSignal;
	/** Milliseconds until an answer has to begin; a stream may then go on for as long as it takes. */
	timeoutMs?: number;
}

/** An engine to talk to. Every call goes through {@link DockerClient.call}. */
export class DockerClient {
	readonly connection: DockerConnection;
	readonly #docker: Docker;

	constructor(connection: DockerConnection, docker: Docker) {
		this.connection = connection;
		this.#docker = docker;
	}

	/**
	 * Makes one call of the API.
	 *
	 * @param work makes it through dockerode and hands `abortSignal` on
	 * @throws BackupError as {@link dockerError} maps it, `unreachable` on time-out, `cancelled` when `signal` fires
	 */
	async call<Answer>(
		operation: Operation,
		work: (docker: Docker, abortSignal: AbortSignal) => Promise<Answer>,
		{ signal, timeoutMs = defaultTimeoutMs }: CallOptions = {},
	): Promise<Answer> {
		if (signal?.aborted) throw cancelledError(signal.reason);
		const deadline = new AbortController();
		const timer = setTimeout(() => deadline.abort(), timeoutMs);
		const abortSignal = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
		try {
			return await raceAbort(work(this.#docker, abortSignal), abortSignal);
		} catch (error) {
			if (signal?.aborted) throw cancelledError(signal.reason);
			if (deadline.signal.aborted) throw this.#noAnswer(operation, timeoutMs);
			throw dockerError(error, this.connection, operation);
		} finally {
			clearTimeout(timer);
		}
	}

	#noAnswer({ purpose }: Operation, timeoutMs: number): BackupError {
		const seconds = Math.round(timeoutMs / 1000);
		const what = `n8n wanted to ${purpose}, but ${describeEngine(this.connection)} did not answer within ${seconds} s`;
		return new BackupError('unreachable', what, {
			advice: 'See whether `docker ps` answers on that machine, then run it again',
		});
	}
}

/**
 * Prepares a client; nothing is sent yet. dockerode is loaded only here, because those who never use the docker
 * engine should not pay for it when n8n starts.
 *
 * @throws BackupError `bad-parameter` for certificates that cannot be read
 */
export async function connectDocker(connection: DockerConnection): Promise<DockerClient> {
	const { default: Dockerode } = await import('dockerode');
	return new DockerClient(connection, new Dockerode(modemOptions(connection)));
}

/** dockerode passes its options on to docker-modem, which knows some more. */
interface ModemOptions extends Docker.DockerOptions {
	agent: HttpAgent;
}

/** Set to undefined on purpose: otherwise dockerode would follow DOCKER_HOST and its like. */
const notFromEnvironment = {
	host: undefined,
	port: undefined,
	ca: undefined,
	cert: undefined,
	key: undefined,
	timeout: undefined,
};

function modemOptions(connection: DockerConnection): ModemOptions {
	if (connection.kind === 'socket') {
		const agent = new HttpAgent({ keepAlive: false });
		return { ...notFromEnvironment, protocol: 'http', socketPath: connection.path, agent };
	}
	const { host, port, tls } = connection;
	const agent = tls ? tlsAgent(tls, connection) : new HttpAgent({ keepAlive: false });
	return { ...notFromEnvironment, protocol: tls ? 'https' : 'http', host, port, agent };
}

function tlsAgent(tls: DockerTls, connection: DockerConnection): HttpsAgent {
	const { ca, certificate: cert, key } = tls;
	try {
		createSecureContext({ ca, cert, key });
	} catch (error) {
		throw new BackupError(
			'bad-parameter',
			`The certificates for ${describeEngine(connection)} are not valid`,
			{
				advice: 'Paste CA, certificate and key into the credential as PEM, with their BEGIN and END lines',
				cause: error,
			},
		);
	}
	return new HttpsAgent({ keepAlive: false, ca, cert, key, rejectUnauthorized: tls.verifyCertificate });
}

/** dockerode does not always settle when it is aborted; this does. */
async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
	const done = new AbortController();
	const aborted = new Promise<never>((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(signal.reason as Error), {
			once: true,
			signal: done.signal,
		});
	});
	try {
		return await Promise.race([work, aborted]);
	} finally {
		done.abort();
	}
}
