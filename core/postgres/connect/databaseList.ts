export type DatabaseState = 'usable' | 'invalid' | 'scratch';

/** The databases of a server that a backup of all of them takes, and what it leaves out. */
export interface DatabaseList {
	names: string[];
	/** One sentence for each database that accepts connections and is left out all the same. */
	skipped: string[];
}

/** How the databases of our own drills and restores are called while they are at work. */
const scratchName = '^n8n_backup_(drill|restore)_[0-9]{8}t[0-9]{6}_[0-9a-f]{6}$';

/**
 * Asks for `state` and `name` of every database that accepts connections, without the templates. A DROP DATABASE
 * that was interrupted leaves an invalid one, to which nobody can connect (PostgreSQL's documentation, "pg_database").
 */
export const databaseQuestion = `
SELECT CASE WHEN datconnlimit = -2 THEN 'invalid' WHEN datname ~ '${scratchName}' THEN 'scratch' ELSE 'usable' END AS state,
	datname::text AS name
FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`;

export function databaseList(found: Array<{ state: DatabaseState; name: string }>): DatabaseList {
	const names = found.filter(({ state }) => state === 'usable').map(({ name }) => name);
	const skipped = found.flatMap(({ state, name }) => describeSkipped(state, name));
	return { names, skipped };
}

function describeSkipped(state: DatabaseState, name: string): string[] {
	switch (state) {
		case 'usable':
			return [];
		case 'invalid':
			return [`“${name}” was skipped: an interrupted DROP DATABASE left it invalid; drop it`];
		case 'scratch':
			return [`“${name}” was skipped: it is the scratch database of a drill or a restore`];
	}
}
