import { BackupError } from '../../errors';
import { nearestNames } from '../../nearestNames';
import { identifier, qualifiedName } from '../sql';

/** Statements that concern exactly one table, which the first group names. */
const ofOneTable = [
	`^CREATE (?:UNLOGGED |FOREIGN )?TABLE (${qualifiedName})\\s`,
	`^ALTER (?:FOREIGN )?TABLE (?:ONLY )?(${qualifiedName})\\s`,
	`^COPY (${qualifiedName})\\s`,
	`^INSERT INTO (${qualifiedName})\\s`,
	`^CREATE (?:UNIQUE )?INDEX (?:${identifier} )?ON (?:ONLY )?(${qualifiedName})\\s`,
	`^COMMENT ON TABLE (${qualifiedName}) IS `,
	`^COMMENT ON COLUMN (${qualifiedName})\\.${identifier} IS `,
	`^COMMENT ON CONSTRAINT ${identifier} ON (${qualifiedName}) IS `,
	`^(?:GRANT|REVOKE) [^;]*? ON TABLE (${qualifiedName}) (?:TO|FROM) `,
].map((pattern) => new RegExp(pattern));

/** What is restored whatever tables are chosen: what tables are made of. */
const alwaysKept =
	/^(?:SET |SELECT pg_catalog\.set_config\(|CREATE SCHEMA |CREATE EXTENSION |CREATE TYPE |CREATE DOMAIN |CREATE COLLATION |ALTER (?:SCHEMA|TYPE|DOMAIN|COLLATION) |COMMENT ON (?:SCHEMA|EXTENSION|TYPE|DOMAIN) |GRANT .* ON SCHEMA |REVOKE .* ON SCHEMA |RESET SESSION )/;

const sequence = {
	create: new RegExp(`^CREATE (?:UNLOGGED )?SEQUENCE (${qualifiedName})\\s`),
	ownedBy: new RegExp(`^ALTER SEQUENCE (${qualifiedName}) OWNED BY (${qualifiedName})\\.${identifier};`),
	setValue: new RegExp(`^SELECT pg_catalog\\.setval\\('((?:[^']|'')+)'`),
	/** Up to version 15 pg_dump says ALTER TABLE when it gives a sequence its owner. */
	other: new RegExp(
		`^(?:ALTER SEQUENCE|ALTER TABLE|COMMENT ON SEQUENCE|(?:GRANT|REVOKE) [^;]*? ON SEQUENCE) (${qualifiedName})\\s`,
	),
	ofIdentity: new RegExp(`SEQUENCE NAME (${qualifiedName})\\s`),
};

const attachedPartition = new RegExp(`ATTACH PARTITION (${qualifiedName})\\s`);
const parents = new RegExp(`^INHERITS \\((${qualifiedName}(?:, ${qualifiedName})*)\\)`, 'm');
const foreignKey = new RegExp(` FOREIGN KEY \\([^)]*\\) REFERENCES (${qualifiedName})\\(`);

/**
 * Chooses from a dump's statements those that some tables need. What it decides by is pg_dump's way of writing;
 * in its output every statement says which table it is for.
 */
export class TableFilter {
	readonly #tables: ReadonlySet<string>;
	readonly #readable: (names: string) => string;
	readonly #found = new Set<string>();
	/** Every table that the dump says something of. */
	readonly #known = new Set<string>();
	/** Sequences of tables that are not restored. */
	readonly #strangeSequences = new Set<string>();
	/** The statements of a sequence whose owner the dump has not named yet. */
	#undecided: { sequence: string; statements: string[] } | undefined;

	/**
	 * @param tables written as in the dump: `public.users`
	 * @param readable names of the dump as people read them
	 */
	constructor(tables: readonly string[], readable: (names: string) => string = (names) => names) {
		this.#tables = new Set(tables);
		this.#readable = readable;
	}

	/**
	 * To be asked once the dump has ended.
	 *
	 * @throws BackupError `not-found` for tables that it does not have, with the names that come nearest
	 */
	assertAllFound(): void {
		const absent = [...this.#tables].filter((table) => !this.#found.has(table));
		if (absent.length === 0) return;
		const near = [...new Set(absent.flatMap((table) => nearestNames(table, this.#known)))];
		const hint = near.length > 0 ? ` (it has ${near.join(', ')})` : '';
		const what = this.#readable(`The dump has no table ${absent.join(', ')}${hint}`);
		throw new BackupError('not-found', what, {
			advice:
				'Write the names as the dump does, with their schema: public.workflow_entity; nothing was changed',
		});
	}

	/** Whether the rows of a COPY were chosen. */
	wantsRows(table: string): boolean {
		this.#known.add(table);
		return this.#tables.has(table);
	}

	/** The statements to run now in place of the given one: none, it alone, or it and some that were held back. */
	choose(statement: string): string[] {
		const undecided = this.#undecided;
		if (undecided) {
			const decision = this.#decide(statement, undecided);
			if (decision === 'wait') return [];
			this.#undecided = undefined;
			if (decision === 'strange') {
				this.#strangeSequences.add(undecided.sequence);
				return [];
			}
			return [...undecided.statements, ...this.#chooseOne(statement)];
		}
		return this.#chooseOne(statement);
	}

	/** pg_dump writes a sequence, its owner and the column that it belongs to one after the other. */
	#decide(
		statement: string,
		undecided: { sequence: string; statements: string[] },
	): 'wait' | 'strange' | 'keep' {
		const [, owned, owner = ''] = sequence.ownedBy.exec(statement) ?? [];
		if (owned === undecided.sequence) return this.#tables.has(owner) ? 'keep' : 'strange';
		if (sequence.other.exec(statement)?.[1] !== undecided.sequence) return 'keep';
		undecided.statements.push(statement);
		return 'wait';
	}

	#chooseOne(statement: string): string[] {
		const created = sequence.create.exec(statement)?.[1];
		if (created !== undefined) {
			this.#undecided = { sequence: created, statements: [statement] };
			return [];
		}
		return this.#keeps(statement) ? [statement] : [];
	}

	#keeps(statement: string): boolean {
		const table = tableOf(statement);
		if (table !== undefined) return this.#keepsForTable(statement, table);
		const value = sequence.setValue.exec(statement)?.[1]?.replaceAll("''", "'");
		const named = value ?? sequence.other.exec(statement)?.[1];
		if (named !== undefined) return !this.#strangeSequences.has(named);
		return alwaysKept.test(statement);
	}

	#keepsForTable(statement: string, table: string): boolean {
		this.#known.add(table);
		if (!this.#tables.has(table)) {
			const identity = sequence.ofIdentity.exec(statement)?.[1];
			if (identity !== undefined) this.#strangeSequences.add(identity);
			return false;
		}
		this.#found.add(table);
		this.#assertParents(statement, table);
		const others = [attachedPartition, foreignKey].map((pattern) => pattern.exec(statement)?.[1]);
		return others.every((other) => other === undefined || this.#tables.has(other));
	}

	#assertParents(statement: string, table: string): void {
		const inherited = parents.exec(statement)?.[1]?.match(new RegExp(qualifiedName, 'g')) ?? [];
		const absent = inherited.find((parent) => !this.#tables.has(parent));
		if (absent === undefined) return;
		const [child, parent] = [this.#readable(table), this.#readable(absent)];
		throw new BackupError('bad-parameter', `${child} inherits from ${parent}, which is not to be restored`, {
			advice: `Choose ${parent}, too`,
		});
	}
}

function tableOf(statement: string): string | undefined {
	for (const pattern of ofOneTable) {
		const match = pattern.exec(statement);
		if (match) return match[1];
	}
	return undefined;
}
