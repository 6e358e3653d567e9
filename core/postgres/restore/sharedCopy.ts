import type { RunningCopy } from './dumpSession';
import { RowPlaces } from './rowPlaces';

/** Bytes that go over one connection before others take their share: for fewer it is not worth the while. */
const aloneBytes = 16 * 1024 * 1024;

/** Bytes after which it waits for help that was promised. */
const waitingBytes = 24 * 1024 * 1024;

const newline = 0x0a;

/** Begins the same COPY in one more session. */
export type BeginCopy = (places: RowPlaces) => Promise<RunningCopy>;

interface Share {
	copy: RunningCopy;
	places: RowPlaces;
	/** What it was sent last, until it has room for more. */
	sent: Promise<void>;
}

/**
 * A COPY of many rows that goes over several connections: the server takes rows in, and compresses them, with one process
 * a connection, and that is what a restore waits for. Each row goes to one of them as a whole; in the table, rows from
 * one part of the dump stand between those of another.
 */
export class SharedCopy implements RunningCopy {
	readonly #shares: Share[] = [];
	readonly #findOthers: () => Promise<BeginCopy[]>;
	/** The one that has the beginning of a row whose rest is to come. */
	#current!: Share;
	#bytes = 0;
	#rows = 0;
	#joining: Promise<void> | undefined;

	/**
	 * @param begin in the session that restores
	 * @param findOthers in those that can help, once there are many rows
	 */
	static async begin(begin: BeginCopy, findOthers: () => Promise<BeginCopy[]>): Promise<SharedCopy> {
		const shared = new SharedCopy(findOthers);
		shared.#current = await shared.#add(begin);
		return shared;
	}

	private constructor(findOthers: () => Promise<BeginCopy[]>) {
		this.#findOthers = findOthers;
	}

	async write(chunk: Buffer, rows: number): Promise<void> {
		this.#bytes += chunk.length;
		if (this.#bytes > aloneBytes) this.#askForHelp();
		if (this.#bytes > waitingBytes) await this.#joining;
		const end = rows === 0 ? chunk.length : chunk.lastIndexOf(newline) + 1;
		this.#current.places.add(rows, this.#rows);
		this.#rows += rows;
		await send(this.#current, chunk.subarray(0, end), rows);
		if (rows === 0) return;
		this.#current = await this.#firstWithRoom();
		if (end < chunk.length) await send(this.#current, chunk.subarray(end), 0);
	}

	async end(): Promise<number> {
		await this.#joining;
		const taken = await Promise.all(
			this.#shares.map(async ({ copy, sent }) => {
				await sent;
				return await copy.end();
			}),
		);
		return taken.reduce((sum, count) => sum + count, 0);
	}

	#askForHelp(): void {
		this.#joining ??= this.#findOthers().then(async (others) => {
			for (const begin of others) await this.#add(begin);
		});
		// It is awaited at the end.
		this.#joining.catch(() => {});
	}

	async #add(begin: BeginCopy): Promise<Share> {
		const places = new RowPlaces();
		const share = { copy: await begin(places), places, sent: Promise.resolve() };
		this.#shares.push(share);
		return share;
	}

	async #firstWithRoom(): Promise<Share> {
		return await Promise.race(
			this.#shares.map(async (share) => {
				await share.sent;
				return share;
			}),
		);
	}
}

/** Waits until there is room for it, and not until there is room for more. */
async function send(share: Share, chunk: Buffer, rows: number): Promise<void> {
	await share.sent;
	share.sent = share.copy.write(chunk, rows);
	// It is awaited before the next one.
	share.sent.catch(() => {});
}
