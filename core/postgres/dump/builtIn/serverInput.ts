import { type Duplex, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { putAll, readDirectly } from '../../../blocks';
import { PasswordOnlySasl } from './saslFilter';
import { lastServerFault, type ServerFault } from './serverFault';
import { SessionKeyReader } from './sessionKey';
import { RingWriter, type SharedRing } from './worker/sharedRing';

/** An error with its detail is never so long. */
const faultBytes = 64 * 1024;

/** What a server sends, on its way into the ring that pg_dump reads from, as fast as there is room. */
export class ServerInput {
	readonly #server: Duplex;
	readonly #session = new SessionKeyReader();
	readonly #ring: RingWriter;
	#isDirect = false;

	constructor(server: Duplex, ring: SharedRing) {
		this.#server = server;
		this.#ring = new RingWriter(ring);
	}

	/** See {@link SessionKeyReader.key}. */
	get sessionKey(): Buffer | undefined {
		return this.#session.key;
	}

	/** The error that the server gave up with, if it did; to be asked as long as the ring's memory is there. */
	get fault(): ServerFault | undefined {
		return lastServerFault(this.#ring.last(faultBytes));
	}

	/** See {@link RingWriter.written}. */
	get received(): number {
		return this.#ring.written;
	}

	/** Whether pg_dump waits for the server. */
	get isAwaited(): boolean {
		return this.#ring.isAwaited;
	}

	/** Receives until the connection ends, and rejects with what it failed with. */
	async receive(): Promise<void> {
		const sink = new Writable({
			write: (chunk: Buffer, _encoding, callback) => void putAll(this.#ring, chunk).then(() => callback()),
		});
		try {
			await pipeline(this.#server, this.#session, new PasswordOnlySasl(), sink);
		} finally {
			this.#ring.close();
		}
	}

	/**
	 * To be called before pg_dump sends something. The log-in passes through filters; from the first query on, when
	 * everything before it was received and the server waits, bytes go from the socket straight into the ring.
	 */
	beforeSending(): void {
		if (this.#isDirect || this.#session.key === undefined) return;
		this.#isDirect = true;
		readDirectly(this.#server, this.#ring);
	}
}
