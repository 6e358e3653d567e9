import { identifier, qualifiedName, unquote } from '../sql';
import type { RestoreOptions } from './request';
import { type ServerRefusal, withDetails } from './serverRefusal';

/** What only a superuser may create, and what the data does not need. */
const privileged = new RegExp(
	`^(?:CREATE|ALTER|COMMENT ON) (EVENT TRIGGER|PUBLICATION) (${identifier})(?= |;)`,
);

/** What is made of the data that is there, and can be made again. */
const derived = new RegExp(
	`^(?:CREATE (?:UNIQUE )?INDEX (${identifier}) ON |REFRESH MATERIALIZED VIEW (${qualifiedName});)`,
);

const ofIndex =
	/^(?:ALTER INDEX |COMMENT ON INDEX |ALTER TABLE (?:ONLY )?\S+ (?:CLUSTER ON|REPLICA IDENTITY USING INDEX) )/;

const ofExtension = new RegExp(
	`^(?:CREATE EXTENSION (?:IF NOT EXISTS )?|(?:COMMENT ON|ALTER) EXTENSION )(${identifier})(?= |;)`,
);

/** What a dump says about things that an extension has made: their rights, their sequences' values. */
const aboutOthers = /^(?:GRANT |REVOKE |COMMENT ON |SELECT pg_catalog\.setval\()/;

/** SQLSTATEs for tables, functions, schemas and other things that are not there. */
const missing = new Set(['42P01', '42883', '3F000', '42704']);
const notPermitted = '42501';

/** Which statements of a dump may fail or be left out without the restore being given up, and what became of them. */
export class Leniency {
	readonly #withoutExtensions: ReadonlySet<string>;
	readonly #skipsFailedIndexes: boolean;
	/** Names as the dump writes them, with the kind in front. */
	readonly #notPermitted = new Set<string>();
	readonly #failedDerived = new Map<string, string>();
	readonly #leftOutExtensions = new Set<string>();
	readonly #leftOutTables = new Set<string>();

	constructor({
		withoutExtensions = [],
		skipFailedIndexes = false,
	}: Pick<RestoreOptions, 'withoutExtensions' | 'skipFailedIndexes'>) {
		this.#withoutExtensions = new Set(withoutExtensions);
		this.#skipsFailedIndexes = skipFailedIndexes;
	}

	/** Whether extensions are left out, so that the dump has rows for tables that nobody makes. */
	get leavesExtensionsOut(): boolean {
		return this.#withoutExtensions.size > 0;
	}

	/** Tables whose rows were left out. */
	get leftOutTables(): string[] {
		return [...this.#leftOutTables];
	}

	/** Whether a statement is not to be run at all. */
	leavesOut(head: string): boolean {
		const extension = ofExtension.exec(head)?.[1];
		if (extension === undefined || !this.#withoutExtensions.has(unquote(extension))) return false;
		this.#leftOutExtensions.add(unquote(extension));
		return true;
	}

	/** Notes a table that an extension would have made: its rows have no place. */
	leaveRowsOut(table: string): void {
		this.#leftOutTables.add(table);
	}

	/** What may happen to a statement; undefined when it must not fail. */
	forgiverOf(head: string): ((error: ServerRefusal) => boolean) | undefined {
		const [, kind, name] = privileged.exec(head) ?? [];
		if (kind !== undefined && name !== undefined) return this.#privileged(`${kind.toLowerCase()} ${name}`);
		const [, index, view] = derived.exec(head) ?? [];
		if (this.#skipsFailedIndexes && (index ?? view) !== undefined) {
			return this.#derived(index === undefined ? `materialised view ${view}` : `index ${index}`);
		}
		if (this.#failedDerived.size > 0 && ofIndex.test(head)) return isMissing;
		return this.leavesExtensionsOut && aboutOthers.test(head) ? isMissing : undefined;
	}

	/** What was left out, in sentences. */
	get warnings(): string[] {
		return [
			...[...this.#leftOutExtensions].map((name) => `The extension ${name} was left out, as was asked for.`),
			...[...this.#leftOutTables].map(
				(table) => `The rows of ${table} were left out: nothing in the dump makes that table.`,
			),
			...[...this.#notPermitted].map((what) => `The user may not make the ${what}: it was left out.`),
			...[...this.#failedDerived].map(([what, why]) => `The ${what} could not be built: ${why}`),
		];
	}

	#privileged(what: string): (error: ServerRefusal) => boolean {
		return ({ code }) => {
			if (code === notPermitted) this.#notPermitted.add(what);
			return code === notPermitted || (this.#notPermitted.has(what) && missing.has(code));
		};
	}

	#derived(what: string): (error: ServerRefusal) => boolean {
		return (error) => {
			// Of the server, not of the index: a disk that is full, a session that was ended.
			if (/^5[378]|^XX/.test(error.code)) return false;
			this.#failedDerived.set(what, withDetails(error));
			return true;
		};
	}
}

function isMissing({ code }: ServerRefusal): boolean {
	return missing.has(code);
}
