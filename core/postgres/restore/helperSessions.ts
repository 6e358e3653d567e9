import type { DumpSession } from './dumpSession';
import type { BatchedStatement } from './statementBatch';

/** A session beside the one that restores. */
export interface HelperSession {
	session: DumpSession;
	/**
	 * Whether it may send rows to a table, written as SQL writes it, while the restoring session does: it sees the table,
	 * and nothing there (an index, a trigger, a rule) makes one row depend on another.
	 */
	canSendRowsTo(table: Buffer): Promise<boolean>;
	close(): Promise<void>;
}

export interface HelperOptions {
	/** The most that are opened; none where there is only the one session. */
	count: number;
	open?: () => Promise<HelperSession>;
	/** Whether others see what the restoring session has done so far, and it keeps nothing locked; never when undefined. */
	isBetweenTransactions?: () => boolean;
	signal: AbortSignal;
}

/** The sessions beside the one that restores: opened when they are first needed, and closed together. */
export class HelperSessions implements AsyncDisposable {
	readonly #options: HelperOptions;
	readonly #helpers: HelperSession[] = [];

	constructor(options: HelperOptions) {
		this.#options = options;
	}

	/** The most that {@link ready} will answer. */
	get count(): number {
		return this.#options.open ? this.#options.count : 0;
	}

	/** Whether they could send rows to a table that the restoring session sends rows to. */
	get canShareRows(): boolean {
		return this.count > 0 && this.#options.isBetweenTransactions?.() === true;
	}

	/**
	 * As many as that, or as the server has room for, with nothing to do.
	 *
	 * @param settings the dump's own SET statements so far, which they have not seen
	 */
	async ready(count: number, settings: readonly BatchedStatement[]): Promise<HelperSession[]> {
		await this.#connect(Math.min(count, this.count));
		const helpers = this.#helpers.slice(0, Math.max(0, count));
		for (const { session } of helpers) {
			for (const setting of settings) await session.run(setting);
			await session.flush();
		}
		return helpers;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all(this.#helpers.map((helper) => helper.close()));
	}

	async #connect(count: number): Promise<void> {
		const { open, signal } = this.#options;
		try {
			while (open && this.#helpers.length < count) this.#helpers.push(await open());
		} catch (error) {
			if (signal.aborted) throw error;
		}
	}
}
