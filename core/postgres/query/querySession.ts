import { decodeText } from '../sql/encoding';
import { copyTarget, identifier, unquote } from '../sql';
import type { DumpSession, RunningCopy } from '../restore/dumpSession';
import type { ServerRefusal } from '../restore/serverRefusal';
import type { BatchedStatement } from '../restore/statementBatch';
import type { Choice } from './chosenTables';
import { LeftOut } from './leftOut';

export interface QuerySessionOptions {
	/** `rows`: the definitions are there already, and only rows are taken. */
	takes: 'everything' | 'rows';
	/** Where it all goes. */
	session: DumpSession;
	/** Asked once, when the first rows come: all tables are there by then. */
	choose: () => Promise<Choice>;
	/** @throws when they are too many */
	onLoaded: (bytes: number) => void;
}

const insert = new RegExp(`^INSERT INTO (${identifier}(?:\\.${identifier})*)[ \\t\\r\\n]`);

/** What rows depend on, and what depends on them. */
const withRows = /^(?:SET |SELECT pg_catalog\.set_config\(|REFRESH MATERIALIZED VIEW )/;

/** The bytes of a large object, which no query of tables sees. */
const largeObject = /^SELECT pg_catalog\.lowrite\(/;

/**
 * Takes a dump's definitions, and of its rows only those of chosen tables. A definition that cannot be made, for an
 * extension is not there or rows are that it refers to, is left out and kept in mind; only the chosen rows must not fail.
 */
export class QuerySession implements DumpSession {
	readonly leftOut = new LeftOut();
	readonly #options: QuerySessionOptions;
	#choice: Promise<Choice> | undefined;
	#keys: ReadonlySet<string> = new Set();

	constructor(options: QuerySessionOptions) {
		this.#options = options;
	}

	async run(statement: BatchedStatement): Promise<void> {
		await this.attempt(statement, () => false);
	}

	async attempt(statement: BatchedStatement, forgives: (error: ServerRefusal) => boolean): Promise<void> {
		const { session, takes } = this.#options;
		const head = statement.text.toString('latin1', 0, 400);
		if (largeObject.test(head)) return;
		const filled = insert.exec(head)?.[1];
		if (filled !== undefined) {
			if (!(await this.#wants(filled))) return;
			this.#options.onLoaded(statement.text.length);
			return await session.run(statement);
		}
		if (takes === 'rows' && !withRows.test(head)) return;
		await session.attempt(statement, (refusal) => {
			if (!forgives(refusal)) this.leftOut.note(statement, refusal);
			return true;
		});
	}

	async hasRelation(name: Buffer): Promise<boolean> {
		return await this.#options.session.hasRelation(name);
	}

	async flush(): Promise<void> {
		await this.#options.session.flush();
	}

	async startCopy(statement: BatchedStatement): Promise<RunningCopy> {
		if (!(await this.#wants(copyTarget(statement.text, 'LATIN1')))) return passedOver;
		const copy = await this.#options.session.startCopy(statement);
		return {
			write: async (chunk, rows) => {
				this.#options.onLoaded(chunk.length);
				await copy.write(chunk, rows);
			},
			end: async () => await copy.end(),
		};
	}

	/** What was chosen, also of a dump without any rows. */
	async choice(): Promise<Choice> {
		this.#choice ??= this.#options.choose();
		return await this.#choice;
	}

	async #wants(written: string): Promise<boolean> {
		if (this.#choice === undefined) {
			const { tables } = await this.choice();
			this.#keys = new Set(tables.map(({ schema, name }) => `${schema}\0${name}`));
		}
		return this.#keys.has(keyOf(written));
	}
}

/** Rows that nobody asked for. */
const passedOver: RunningCopy = { write: async () => {}, end: async () => 0 };

/** A name without its quotes, which another version of PostgreSQL may set otherwise. */
function keyOf(written: string): string {
	const parts = written.match(new RegExp(identifier, 'g')) ?? [];
	return parts.map((part) => decodeText(Buffer.from(unquote(part), 'latin1'), 'UTF8')).join('\0');
}
