import type { Extension } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };

/** Extensions that the embedded PostgreSQL brings, by PostgreSQL's own names; files of the package it comes in. */
const available = [
	'amcheck',
	'bloom',
	'btree_gin',
	'btree_gist',
	'citext',
	'cube',
	'dict_int',
	'dict_xsyn',
	'earthdistance',
	'file_fdw',
	'fuzzystrmatch',
	'hstore',
	'intarray',
	'isn',
	'lo',
	'ltree',
	'moddatetime',
	'pageinspect',
	'pg_buffercache',
	'pg_freespacemap',
	'pg_stat_statements',
	'pg_surgery',
	'pg_trgm',
	'pg_visibility',
	'pg_walinspect',
	'pgcrypto',
	'seg',
	'tablefunc',
	'tcn',
	'tsm_system_rows',
	'tsm_system_time',
	'unaccent',
	'uuid-ossp',
] as const;

/** Whether a dump with this extension can be restored here. */
export function hasExtension(name: string): boolean {
	return name === 'plpgsql' || (available as readonly string[]).includes(name);
}

/** Brings the files of those among the extensions that there are; each costs some time and memory. */
export async function loadExtensions(names: Iterable<string>): Promise<Record<string, Extension>> {
	const extensions: Record<string, Extension> = {};
	for (const name of names) {
		if (!(available as readonly string[]).includes(name)) continue;
		const module = name.replaceAll('-', '_');
		const loaded = (await import(`@electric-sql/pglite/contrib/${module}`)) as Record<string, Extension>;
		extensions[module] = loaded[module]!;
	}
	return extensions;
}
