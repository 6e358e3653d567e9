import type { DumpSelection } from '../dumpRequest';
import type { Definition } from './definitions';
import type { Match, PatternList, Relation, SurveyedSchema, SurveyLine } from './questions';

/** A database as it was found, and what a selection takes of it. */
export class DumpScope {
	readonly relations: ReadonlyMap<number, Relation>;
	readonly matches: readonly Match[];
	readonly schemas: readonly SurveyedSchema[];
	readonly definitions: readonly Definition[];
	/** Of the whole database on the server’s disk, indexes included; undefined where it was not asked for. */
	readonly databaseBytes: number | undefined;
	readonly #selection: DumpSelection;
	/** The role that the survey was made as. */
	readonly user: string;
	readonly #isStandby: boolean;

	constructor(selection: DumpSelection, lines: readonly SurveyLine[]) {
		this.#selection = selection;
		const server = lines.find((line) => line.server)?.server;
		this.#isStandby = server?.isStandby ?? false;
		this.user = server?.user ?? '';
		this.databaseBytes = lines.find(({ size }) => size !== undefined)?.size;
		this.relations = new Map(lines.flatMap(({ relation }) => (relation ? [[relation.id, relation]] : [])));
		this.matches = lines.flatMap(({ match }) => (match ? [match] : []));
		this.schemas = lines.flatMap(({ schema }) => (schema ? [schema] : []));
		this.definitions = lines.flatMap(({ definition }) => (definition ? [definition] : []));
	}

	/** Whether pg_dump leaves out what belongs to no schema, such as extensions. */
	get isOfChosenParts(): boolean {
		return this.#isUsed('schemas') || this.#isUsed('tables');
	}

	/** Whether anything at all is left out as a whole. */
	get isPartial(): boolean {
		return this.isOfChosenParts || this.#isUsed('excludeSchemas') || this.#isUsed('excludeTables');
	}

	/** Names of the schemas whose functions, types and the like are dumped. */
	dumpedSchemas(): Set<string> {
		if (this.#isUsed('tables')) return new Set();
		const chosen = this.#matched('schemas');
		const excluded = this.#matched('excludeSchemas');
		return new Set(
			this.schemas
				.filter(({ id }) => (!this.#isUsed('schemas') || chosen.has(id)) && !excluded.has(id))
				.map(({ schema }) => schema),
		);
	}

	/** Relations whose definition is dumped, but for those that an extension makes. */
	dumped(): Relation[] {
		const schemas = this.dumpedSchemas();
		const tables = this.#matched('tables');
		const excluded = this.#matched('excludeTables');
		return [...this.relations.values()].filter(({ id, schema, isOfExtension }) => {
			const isChosen = this.#isUsed('tables') ? tables.has(id) : schemas.has(schema);
			return isChosen && !excluded.has(id) && !isOfExtension;
		});
	}

	/** Tables whose rows are dumped. Of an extension's tables only the extension knows. */
	withRows(): Relation[] {
		const excluded = this.#matched('excludeTableData');
		return this.dumped().filter(({ id, kind, persistence }) => {
			// A standby has no rows of unlogged tables, and pg_dump does not ask for them.
			const hasRows = persistence === 'p' || (persistence === 'u' && !this.#isStandby);
			return kind === 'r' && hasRows && !excluded.has(id);
		});
	}

	#isUsed(list: PatternList): boolean {
		return (this.#selection[list] ?? []).length > 0;
	}

	#matched(list: PatternList): Set<number> {
		return new Set(this.matches.filter((match) => match.list === list).flatMap(({ ids }) => ids));
	}
}
