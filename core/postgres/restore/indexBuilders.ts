import type { DumpSession } from './dumpSession';
import type { Leniency } from './leniency';
import type { BatchedStatement } from './statementBatch';

const indexStatement =
	/^(?:CREATE (?:UNIQUE )?INDEX |ALTER TABLE (?:ONLY )?\S+[^(]*?\sADD CONSTRAINT \S[^(]*? (?:PRIMARY KEY|UNIQUE|EXCLUDE)\b)/;

/** Whether a statement builds an index over rows that are there already. */
export function buildsIndex(statement: string): boolean {
	return indexStatement.test(statement);
}

/** A session beside the one that restores. */
export interface HelperSession {
	session: DumpSession;
	close(): Promise<void>;
}

export interface IndexBuildersOptions {
	/** How many indexes are built at the same time. */
	jobs: number;
	/** Opens one more session with the database that is being restored; there is only the one without it. */
	openHelper?: () => Promise<HelperSession>;
	/** Which of them may fail. */
	leniency: Leniency;
	signal: AbortSignal;
}

/**
 * Builds the indexes of a dump on several connections. Statements are collected as long as they come in a row;
 * whatever comes between them may rely on them, so {@link build} is called before it. Within a row the order
 * does not matter: an index needs its table only, and two that need the same one wait for each other in the server.
 */
export class IndexBuilders implements AsyncDisposable {
	readonly #options: IndexBuildersOptions;
	readonly #helpers: HelperSession[] = [];
	#waiting: BatchedStatement[] = [];

	constructor(options: IndexBuildersOptions) {
		this.#options = options;
	}

	get hasWork(): boolean {
		return this.#waiting.length > 0;
	}

	add(statement: BatchedStatement): void {
		this.#waiting.push(statement);
	}

	/**
	 * Builds what was collected.
	 *
	 * @param main the session that restores; it takes its share
	 * @param settings the dump's own SET statements so far, for the sessions that have not seen them
	 */
	async build(main: DumpSession, settings: readonly BatchedStatement[]): Promise<void> {
		const queue = this.#waiting;
		this.#waiting = [];
		const helpers = Math.min(this.#options.jobs, queue.length) - 1;
		const sessions = [main, ...(await this.#openSessions(helpers, settings))];
		await Promise.all(sessions.map((session) => buildFrom(queue, session, this.#options.leniency)));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all(this.#helpers.map((helper) => helper.close()));
	}

	/** A server that has no room for more connections builds with those that it gave. */
	async #connect(count: number): Promise<void> {
		const { openHelper } = this.#options;
		try {
			while (openHelper && this.#helpers.length < count) this.#helpers.push(await openHelper());
		} catch (error) {
			if (this.#options.signal.aborted) throw error;
		}
	}

	async #openSessions(count: number, settings: readonly BatchedStatement[]): Promise<DumpSession[]> {
		await this.#connect(count);
		const sessions = this.#helpers.slice(0, Math.max(0, count)).map(({ session }) => session);
		for (const session of sessions) {
			for (const setting of settings) await session.run(setting);
			await session.flush();
		}
		return sessions;
	}
}

/** One statement at a time, so that each holds its locks for no longer than it must. */
async function buildFrom(queue: BatchedStatement[], session: DumpSession, leniency: Leniency): Promise<void> {
	try {
		for (let next = queue.shift(); next; next = queue.shift()) {
			const forgives = leniency.forgiverOf(next.text.toString('latin1', 0, 1_000)) ?? never;
			await session.attempt(next, forgives);
		}
	} catch (error) {
		// What the others have begun they may finish; there is nothing left to begin.
		queue.length = 0;
		throw error;
	}
}

const never = () => false;
