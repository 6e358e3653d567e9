import type { DumpSession } from './dumpSession';
import type { HelperSessions } from './helperSessions';
import type { Leniency } from './leniency';
import type { BatchedStatement } from './statementBatch';

const indexStatement =
	/^(?:CREATE (?:UNIQUE )?INDEX |ALTER TABLE (?:ONLY )?\S+[^(]*?\sADD CONSTRAINT \S[^(]*? (?:PRIMARY KEY|UNIQUE|EXCLUDE)\b)/;

/** Whether a statement builds an index over rows that are there already. */
export function buildsIndex(statement: string): boolean {
	return indexStatement.test(statement);
}

export interface IndexBuildersOptions {
	helpers: HelperSessions;
	/** Which of the indexes may fail. */
	leniency: Leniency;
}

/**
 * Builds the indexes of a dump on several connections. Statements are collected as long as they come in a row;
 * whatever comes between them may rely on them, so {@link build} is called before it. Within a row the order
 * does not matter: an index needs its table only, and two that need the same one wait for each other in the server.
 */
export class IndexBuilders {
	readonly #options: IndexBuildersOptions;
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
		const { helpers, leniency } = this.#options;
		const queue = this.#waiting;
		this.#waiting = [];
		const ready = await helpers.ready(Math.min(helpers.count, queue.length - 1), settings);
		const sessions = [main, ...ready.map(({ session }) => session)];
		await Promise.all(sessions.map((session) => buildFrom(queue, session, leniency)));
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
