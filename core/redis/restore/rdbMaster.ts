import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupError, errorMessage } from '../../errors';
import { encodeCommand } from '../protocol/resp';
import { ReplicaCommands } from './replicaCommands';
import { markedReplicationId } from './restoreMark';

export interface RdbMasterOptions {
	/** Address to listen on. */
	host: string;
	/** 0 takes any free one. */
	port: number;
	/** The only address that is served; undefined serves the first that comes. */
	replicaAddress?: string;
	/** Opens the RDB; called once, when the replica asks for it. */
	openRdb: () => Readable | Promise<Readable>;
	/** Its exact size. */
	bytes: number;
}

/** More often than any sensible `repl-timeout`. */
const pingMs = 5_000;
/** Whoever says nothing for this long before it asks is no replica. */
const handshakeMs = 60_000;
/** What a TLS client says first. */
const tlsHandshake = 0x16;

/**
 * A Redis master as far as one replica needs it to load one RDB: it answers the handshake, sends the file and
 * then keeps the link alive. `replication.c`, `syncWithMaster`, is what it talks to.
 */
export class RdbMaster {
	readonly #server: Server;
	readonly #options: RdbMasterOptions;
	readonly #sockets = new Set<Socket>();
	/** The connection that gets the data. */
	#served: Socket | undefined;
	#sentBytes = 0;
	#asked = false;
	#failure: BackupError | undefined;
	#refusedAddress: string | undefined;
	#lastSign = performance.now();

	static async listen(options: RdbMasterOptions): Promise<RdbMaster> {
		const server = createServer();
		const master = new RdbMaster(server, options);
		server.listen(options.port, options.host);
		try {
			await once(server, 'listening');
		} catch (error) {
			throw new BackupError(
				'bad-parameter',
				`n8n could not listen on ${options.host}:${options.port}: ${errorMessage(error)}`,
				{ advice: 'Enter an address of the machine or container that n8n runs on, and a free port' },
			);
		}
		return master;
	}

	private constructor(server: Server, options: RdbMasterOptions) {
		this.#server = server;
		this.#options = options;
		server.on('connection', this.#onConnection);
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** Bytes of the RDB that were handed to the network. */
	get sentBytes(): number {
		return this.#sentBytes;
	}

	/** Whether the replica has come and asked for the data. */
	get asked(): boolean {
		return this.#asked;
	}

	/** Who came last and was sent away, since that is not where the server was reached. */
	get refusedAddress(): string | undefined {
		return this.#refusedAddress;
	}

	/** Why the transfer cannot succeed any more. */
	get failure(): BackupError | undefined {
		return this.#failure;
	}

	/** When the replica last took or said something, in milliseconds since 1970. */
	get lastSign(): number {
		return this.#lastSign;
	}

	close(): void {
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
	}

	#onConnection = (socket: Socket): void => {
		const { replicaAddress } = this.#options;
		if (replicaAddress !== undefined && plainAddress(socket.remoteAddress) !== plainAddress(replicaAddress)) {
			// Whoever gets the RDB gets the data.
			this.#refusedAddress = plainAddress(socket.remoteAddress);
			socket.destroy();
			return;
		}
		this.#sockets.add(socket);
		socket.on('error', () => {});
		socket.on('close', () => {
			this.#sockets.delete(socket);
			if (socket === this.#served)
				this.#fail('The server ended the connection before it had loaded the data');
		});
		// A visitor that does not ask for the data keeps nothing occupied.
		socket.setTimeout(handshakeMs, () => {
			if (socket !== this.#served) socket.destroy();
		});
		const commands = new ReplicaCommands();
		socket.on('data', (chunk: Buffer) => {
			this.#lastSign = performance.now();
			// Behind its request a replica sends keep-alives and acknowledgements only.
			if (socket === this.#served) return;
			if (chunk[0] === tlsHandshake)
				this.#fail('The server insists on TLS for replication (tls-replication)');
			try {
				for (const command of commands.push(chunk)) this.#answer(socket, command);
			} catch {
				socket.destroy();
			}
		});
	};

	#answer(socket: Socket, [name = '', argument = '']: string[]): void {
		switch (name.toUpperCase()) {
			case 'PING':
				socket.write('+PONG\r\n');
				break;
			case 'AUTH':
				// The target's masterauth; it has no meaning here.
				socket.write('+OK\r\n');
				break;
			case 'REPLCONF':
				if (argument.toUpperCase() !== 'ACK') socket.write('+OK\r\n');
				break;
			case 'PSYNC':
				socket.write(`+FULLRESYNC ${markedReplicationId()} 0\r\n`);
				void this.#serve(socket);
				break;
			case 'SYNC':
				void this.#serve(socket);
				break;
			default:
				socket.write('-ERR unknown command\r\n');
		}
	}

	/** The data goes out once: a replica that asks again has failed to load it. */
	async #serve(socket: Socket): Promise<void> {
		if (this.#asked) {
			this.#fail('The server asked for the data a second time: it could not load it');
			socket.destroy();
			return;
		}
		this.#asked = true;
		this.#served = socket;
		const { openRdb, bytes } = this.#options;
		try {
			socket.write(`$${bytes}\r\n`);
			await pipeline(await openRdb(), new Exactly(bytes, this.#onSent), socket, { end: false });
			const ping = setInterval(() => socket.write(encodeCommand(['PING'])), pingMs);
			socket.once('close', () => clearInterval(ping));
		} catch (error) {
			this.#fail(`The data could not be sent: ${errorMessage(error)}`, error);
			socket.destroy();
		}
	}

	#onSent = (bytes: number): void => {
		this.#sentBytes = bytes;
		this.#lastSign = performance.now();
	};

	#fail(what: string, cause?: unknown): void {
		this.#failure ??=
			cause instanceof BackupError
				? cause
				: new BackupError('server', what, {
						advice: 'Look into that server’s log for the reason, then run it again',
						cause,
					});
	}
}

/** Passes on exactly as many bytes as were announced; a file that changed in between fails before its last byte. */
class Exactly extends Transform {
	readonly #bytes: number;
	readonly #onBytes: (sum: number) => void;
	#passed = 0;

	constructor(bytes: number, onBytes: (sum: number) => void) {
		super();
		this.#bytes = bytes;
		this.#onBytes = onBytes;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.#passed += chunk.length;
		if (this.#passed > this.#bytes) {
			callback(changedError());
			return;
		}
		this.#onBytes(this.#passed);
		callback(null, chunk);
	}

	override _flush(callback: TransformCallback): void {
		callback(this.#passed === this.#bytes ? null : changedError());
	}
}

function changedError(): BackupError {
	return new BackupError('damaged', 'The RDB changed while it was being restored', {
		advice: 'Verify that backup, and see that nothing else writes to it',
	});
}

/** IPv4 addresses may come wrapped into IPv6. */
export function plainAddress(address: string | undefined): string | undefined {
	return address?.replace(/^::ffff:/, '');
}
