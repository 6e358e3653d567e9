import type pg from 'pg';
import type { Submittable } from 'pg';
import type { TurnTaking } from '../connect/clientState';
import { queryMessage } from './statementBatch';

/** `c`: the rows are complete. */
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/**
 * One `COPY … FROM stdin`: the statement, its rows in whatever pieces they come, the end.
 *
 * The rows do not wait for the server's consent: one that refuses the statement ignores them (PostgreSQL
 * documentation, 55.2.6), and a small table costs one round trip.
 */
export class CopyIn implements Submittable, TurnTaking {
	/** Rows that the server says it took, once it is ready for the next thing. */
	readonly done: Promise<number>;
	readonly #statement: Buffer;
	#resolve: (rows: number) => void = () => {};
	#reject: (error: Error) => void = () => {};
	#stream: pg.Connection['stream'] | undefined;
	#rows = 0;
	#error: Error | undefined;
	#stopWaiting: () => void = () => {};
	#awaitsServer = false;

	constructor(statement: Buffer) {
		this.#statement = statement;
		this.done = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		this.done.catch(() => {});
	}

	/** Only when it has no room for more rows, or has all of them: until then it waits for us. */
	get awaitsServer(): boolean {
		return this.#awaitsServer;
	}

	submit(connection: pg.Connection): void {
		this.#stream = connection.stream;
		this.#stream.write(queryMessage(this.#statement));
	}

	/**
	 * Sends a piece of the rows and waits until the connection takes more.
	 *
	 * @throws the server's error, once there is one
	 */
	async write(rows: Buffer): Promise<void> {
		if (this.#error) throw this.#error;
		const stream = this.#stream;
		if (!stream) return this.#neverSubmitted();
		const header = Buffer.allocUnsafe(5);
		header.writeUInt8(0x64, 0);
		header.writeInt32BE(4 + rows.length, 1);
		stream.cork();
		stream.write(header);
		const hasRoom = stream.write(rows);
		stream.uncork();
		if (!hasRoom) await this.#drained(stream);
	}

	/** Says that the rows are complete and waits for the server's word on them. */
	async end(): Promise<number> {
		this.#awaitsServer = true;
		this.#stream?.write(copyDone);
		return this.done;
	}

	handleCommandComplete({ text }: { text: string }): void {
		this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
	}

	handleError(error: Error): void {
		this.#error = error;
		this.#reject(error);
		this.#stopWaiting();
	}

	handleReadyForQuery(): void {
		this.#resolve(this.#rows);
	}

	handleCopyInResponse(): void {}

	/** A client whose connection is gone submits nothing; what it has to say of that comes in a moment. */
	async #neverSubmitted(): Promise<void> {
		await this.done;
	}

	/** A server that gives up never drains what was sent, so its error ends the wait, too. */
	async #drained(stream: pg.Connection['stream']): Promise<void> {
		this.#awaitsServer = true;
		await new Promise<void>((resolve) => {
			this.#stopWaiting = () => {
				stream.off('drain', resolve);
				resolve();
			};
			stream.once('drain', resolve);
		});
		this.#awaitsServer = false;
	}
}
