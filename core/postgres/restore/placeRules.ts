import { identifier, quoteIdentifier, unquote } from '../sql';
import type { Surroundings } from './surroundings';

const createSchema = new RegExp(`^CREATE SCHEMA (${identifier});$`);
const createInSchema = new RegExp(
	`^CREATE (?:UNLOGGED |FOREIGN |MATERIALIZED )?(?:TABLE|VIEW|SEQUENCE|FUNCTION|TYPE|DOMAIN) (${identifier})\\.${identifier}`,
);
const setTablespace = new RegExp(`^SET default_tablespace = (${identifier}|'[^']*');$`);

/** Whatever a statement of a dump can have to do with places begins with one of these. */
const concerned = /^(?:CREATE |SET default_tablespace)/;

/**
 * Where the things of a dump go: into schemas that may be there already or that the dump takes for granted, and onto
 * tablespaces that the server may not have.
 */
export class PlaceRules {
	readonly #tablespaces: ReadonlySet<string>;
	readonly #schemas: Set<string>;
	readonly #createdSchemas: string[] = [];
	readonly #missingTablespaces = new Set<string>();

	constructor({ tablespaces, schemas }: Pick<Surroundings, 'tablespaces' | 'schemas'>) {
		this.#tablespaces = tablespaces;
		this.#schemas = new Set(schemas);
	}

	/** What to run in place of a statement: it alone, another one, or one before it; undefined: it alone. */
	apply(head: string): { before?: string; instead?: string } | undefined {
		if (!concerned.test(head)) return undefined;
		const tablespace = setTablespace.exec(head)?.[1];
		if (tablespace !== undefined) return this.#onTablespace(tablespace);
		const created = createSchema.exec(head)?.[1];
		if (created !== undefined) {
			const isThere = this.#schemas.has(unquote(created));
			this.#schemas.add(unquote(created));
			return isThere ? { instead: `CREATE SCHEMA IF NOT EXISTS ${created};` } : undefined;
		}
		const within = createInSchema.exec(head)?.[1];
		return within === undefined ? undefined : this.#inSchema(unquote(within));
	}

	/** What was done differently, in sentences. */
	get warnings(): string[] {
		const schemas = this.#createdSchemas.map(
			(name) => `The dump takes the schema ${quoteIdentifier(name)} for granted; it was created.`,
		);
		const tablespaces = [...this.#missingTablespaces].map(
			(name) => `The server has no tablespace "${name}": what was in it is in the database’s own now.`,
		);
		return [...schemas, ...tablespaces];
	}

	#onTablespace(written: string): { instead: string } | undefined {
		const name = written.startsWith("'") ? written.slice(1, -1) : unquote(written);
		if (name === '' || this.#tablespaces.has(name)) return undefined;
		this.#missingTablespaces.add(name);
		return { instead: "SET default_tablespace = '';" };
	}

	/** A dump of chosen tables holds the tables but not their schema. */
	#inSchema(name: string): { before: string } | undefined {
		if (this.#schemas.has(name)) return undefined;
		this.#schemas.add(name);
		this.#createdSchemas.push(name);
		return { before: `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(name)};` };
	}
}
