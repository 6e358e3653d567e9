import { identifier, quoteIdentifier, unquote } from '../sql';

const sessionAuthorization = new RegExp(`^SET SESSION AUTHORIZATION (${identifier});$`);

const endOfAuthorization = 'RESET SESSION AUTHORIZATION;';

/**
 * Roles that a dump names and a PostgreSQL of our own lacks, created as it names them. They may do everything, since
 * what theirs were allowed to do elsewhere is not in a dump. But while statements run as one of them it may not: pg_dump
 * writes so what a role has granted on, and a superuser grants in the name of the owner.
 */
export class CreatedRoles {
	readonly #existing: ReadonlySet<string>;
	readonly #created = new Set<string>();
	/** As the dump writes it. */
	#acting: string | undefined;
	readonly #lowered = new Set<string>();

	/** @param existing names of the roles that are there */
	constructor(existing: ReadonlySet<string>) {
		this.#existing = existing;
	}

	/**
	 * What is to be run before a statement that names those roles.
	 *
	 * @param named without quotes
	 */
	before(statement: string, named: readonly string[]): string[] {
		const begins = sessionAuthorization.exec(statement)?.[1];
		if (statement === endOfAuthorization) this.#acting = undefined;
		const prepared = [...this.#raise(statement), ...this.#create(named)];
		if (begins === undefined) return prepared;
		this.#acting = begins;
		return [...prepared, ...this.#lower(unquote(begins))];
	}

	#create(named: readonly string[]): string[] {
		const absent = [...new Set(named)].filter(
			(role) => !this.#existing.has(role) && !this.#created.has(role),
		);
		for (const role of absent) this.#created.add(role);
		const creations = absent.map((role) => `CREATE ROLE ${quoteIdentifier(role)} SUPERUSER;`);
		if (creations.length === 0 || this.#acting === undefined) return creations;
		return [endOfAuthorization, ...creations, `SET SESSION AUTHORIZATION ${this.#acting};`];
	}

	#lower(role: string): string[] {
		if (!this.#created.has(role)) return [];
		this.#lowered.add(role);
		return [`ALTER ROLE ${quoteIdentifier(role)} NOSUPERUSER;`];
	}

	/** Only once nobody acts as one of them any more: it could not give itself back what it lacks. */
	#raise(statement: string): string[] {
		if (this.#acting !== undefined || statement === endOfAuthorization) return [];
		const roles = [...this.#lowered];
		this.#lowered.clear();
		return roles.map((role) => `ALTER ROLE ${quoteIdentifier(role)} SUPERUSER;`);
	}
}
