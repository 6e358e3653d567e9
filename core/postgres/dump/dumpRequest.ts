/** What a dump holds. Patterns are pg_dump's: `schema.table`, `*` and `?` as wildcards, quotes for exact names. */
export interface DumpSelection {
	schemas?: string[];
	excludeSchemas?: string[];
	tables?: string[];
	excludeTables?: string[];
	/** Tables whose definition is kept and whose rows are left out. */
	excludeTableData?: string[];
}

/** One dump of one database, whichever engine makes it. */
export interface DumpRequest {
	/** Name of the database, any legal one. */
	database: string;
	selection: DumpSelection;
	noOwner: boolean;
	noPrivileges: boolean;
	/** Whether tables that refer to rows that are left out lose theirs, too; true when undefined. */
	followReferences?: boolean;
	/** What becomes of an exclusion that matches nothing; `fail` when undefined. */
	unmatchedExclusions?: 'fail' | 'warn';
	/** Whether a database that is not n8n's is worth a warning. */
	expectN8n?: boolean;
	/** As a connection's `idleTimeoutMs`, for the engine that has none. */
	idleTimeoutMs?: number;
	/** Milliseconds to wait for a table's lock before the dump is given up; undefined waits forever. */
	lockTimeoutMs?: number;
}

/** The request as pg_dump's options, the same for every engine. None of them is secret. */
export function dumpArguments(request: DumpRequest): string[] {
	const { selection } = request;
	const isSelective = [selection.schemas, selection.tables].some(
		(patterns) => patterns && patterns.length > 0,
	);
	return [
		...each('--schema', selection.schemas),
		// A misspelt name must fail, not leave its table out of every backup in silence.
		...(isSelective ? ['--strict-names'] : []),
		...each('--exclude-schema', selection.excludeSchemas),
		...each('--table', selection.tables),
		...each('--exclude-table', selection.excludeTables),
		...each('--exclude-table-data', selection.excludeTableData),
		...(request.noOwner ? ['--no-owner'] : []),
		...(request.noPrivileges ? ['--no-privileges'] : []),
		...(request.lockTimeoutMs === undefined ? [] : [`--lock-wait-timeout=${request.lockTimeoutMs}`]),
	];
}

function each(option: string, patterns: string[] = []): string[] {
	return patterns.map((pattern) => `${option}=${pattern}`);
}
