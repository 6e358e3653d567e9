import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { BackupError, errorCode } from '../../errors';
import { resetError, timeoutError } from './client';
import { describeServer, type RedisConnection } from '../connection';
import { connectionError } from './connectionError';
import { replyError } from '../redisError';
import { ReplyError } from './resp';

/** How the end of the RDB is known: by its length, or by a mark of 40 random bytes behind it. */
type Framing = { length: number } | { mark: Buffer };

const markBytes = 40;
/** Longer than any first line: `$EOF:` and the mark. */
const longestHeader = 1024;

export interface TransferOptions {
	/** Milliseconds without a byte, keep-alives of the server included, until the transfer is given up. */
	idleTimeoutMs: number;
	/** Finds out more about a connection that the server ended in the middle of the RDB. */
	explainCut?: (error: BackupError) => Promise<BackupError>;
}

/**
 * The RDB that a server sends in answer to `SYNC`, without what frames it. It adapts the socket and does nothing
 * else: reading follows the demand, and destroying it closes the connection, which ends the server's work for us.
 *
 * `ready` resolves when the first byte of the RDB is on its way. While the server's child process writes it,
 * the server sends a line feed every second.
 */
export class RdbTransfer extends Readable {
	/** Settles when the server has begun to send, or refused to. */
	readonly ready: Promise<void>;
	readonly #socket: Socket;
	readonly #connection: RedisConnection;
	readonly #idleTimeoutMs: number;
	readonly #explainCut: TransferOptions['explainCut'];
	#cut = false;
	#idle: NodeJS.Timeout | undefined;
	#begin!: () => void;
	/** Bytes that are not passed on yet: the header's so far, or what may be the mark. */
	#held: Buffer = Buffer.alloc(0);
	#framing: Framing | undefined;
	#passed = 0;
	#complete = false;

	constructor(socket: Socket, connection: RedisConnection, options: TransferOptions) {
		super({ highWaterMark: 256 * 1024 });
		this.#socket = socket;
		this.#connection = connection;
		this.ready = new Promise((resolve, reject) => {
			this.#begin = resolve;
			this.once('error', reject);
			this.once('close', () => reject(this.#lost(resetError())));
		});
		this.ready.catch(() => {});
		this.#idleTimeoutMs = options.idleTimeoutMs;
		this.#explainCut = options.explainCut;
		socket.on('data', this.#onData);
		socket.on('error', this.#fail);
		socket.on('close', () => this.#fail(resetError()));
		this.#listen();
	}

	override _read(): void {
		if (!this.#idle && !this.#complete) this.#listen();
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		clearTimeout(this.#idle);
		this.#socket.destroy();
		if (!this.#cut || !this.#explainCut || !(error instanceof BackupError)) callback(error);
		else this.#explainCut(error).then(callback, () => callback(error));
	}

	#listen(): void {
		this.#idle = setTimeout(() => this.#fail(timeoutError()), this.#idleTimeoutMs);
		this.#socket.resume();
	}

	#rest(): void {
		this.#socket.pause();
		// However long the reader takes, it is not the server's silence.
		clearTimeout(this.#idle);
		this.#idle = undefined;
	}

	#onData = (chunk: Buffer): void => {
		// A server may send more than it announced, or after what was not understood; a socket hands it out although it
		// is closed.
		if (this.#complete || this.destroyed) return;
		this.#idle?.refresh();
		const bytes = this.#framing ? chunk : this.#header(chunk);
		if (!this.#framing || !bytes) return;
		if ('length' in this.#framing) this.#counted(bytes, this.#framing.length);
		else this.#marked(bytes, this.#framing.mark);
	};

	/** Takes the line that announces the RDB; answers the bytes behind it once it is whole. */
	#header(chunk: Buffer): Buffer | undefined {
		const held = Buffer.concat([this.#held, chunk]);
		const start = held.findIndex((byte) => byte !== 0x0a);
		this.#held = start < 0 ? Buffer.alloc(0) : held.subarray(start);
		const end = this.#held.indexOf('\r\n');
		// One byte more may be half of the line's end.
		const isTooLong = end < 0 ? this.#held.length > longestHeader + 1 : end > longestHeader;
		if (isTooLong) this.destroy(this.#misunderstood());
		if (end < 0 || isTooLong) return undefined;
		const line = this.#held.toString('latin1', 0, end);
		const rest = this.#held.subarray(end + 2);
		this.#held = Buffer.alloc(0);
		this.#framing = framingOf(line);
		if (this.#framing) {
			this.#begin();
			return rest;
		}
		const refused = line.startsWith('-');
		this.destroy(
			refused ? replyError(new ReplyError(line.slice(1)), this.#connection, 'SYNC') : this.#misunderstood(),
		);
		return undefined;
	}

	#counted(bytes: Buffer, length: number): void {
		// Behind the RDB come the commands that a replica would have to repeat.
		const part = bytes.subarray(0, length - this.#passed);
		this.#pass(part);
		if (this.#passed === length) this.#finish();
	}

	#marked(bytes: Buffer, mark: Buffer): void {
		const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
		const end = held.indexOf(mark);
		// Its last bytes may be the mark's first ones.
		const cut = end >= 0 ? end : Math.max(0, held.length - markBytes + 1);
		this.#pass(held.subarray(0, cut));
		this.#held = held.subarray(cut);
		if (end >= 0) this.#finish();
	}

	#pass(part: Buffer): void {
		if (part.length === 0) return;
		this.#passed += part.length;
		if (!this.push(part)) this.#rest();
	}

	#finish(): void {
		this.#complete = true;
		clearTimeout(this.#idle);
		this.#socket.destroy();
		this.push(null);
	}

	#fail = (error: Error): void => {
		if (this.#complete || this.destroyed) return;
		this.#cut = this.#framing !== undefined && errorCode(error) !== 'ETIMEDOUT';
		this.destroy(this.#lost(error));
	};

	#lost(error: Error): BackupError {
		if (!this.#framing) return connectionError(error, this.#connection, 'server');
		const server = describeServer(this.#connection);
		if (errorCode(error) === 'ETIMEDOUT') {
			const silence = `${server} has been silent for ${this.#idleTimeoutMs / 1000} seconds after ${this.#passed} bytes of its RDB`;
			return new BackupError('unreachable', silence, {
				advice: 'Check the network between n8n and that server, and its log, then run it again',
				cause: error,
			});
		}
		return new BackupError('incomplete', `${server} broke off after ${this.#passed} bytes of its RDB`, {
			advice: 'Look into that server’s log for the reason, then run it again',
			cause: error,
		});
	}

	#misunderstood(): BackupError {
		return new BackupError(
			'server',
			`${describeServer(this.#connection)} answered SYNC with something else`,
			{
				advice: 'Use the local engine, or the snapshots of whoever runs that server',
			},
		);
	}
}

/** `$1234` or `$EOF:` and the mark; undefined for anything else. */
function framingOf(line: string): Framing | undefined {
	const match = /^\$(?:EOF:(.{40})|(\d+))$/.exec(line);
	if (!match) return undefined;
	return match[1] ? { mark: Buffer.from(match[1], 'latin1') } : { length: Number(match[2]) };
}
