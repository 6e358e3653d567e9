import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { fingerprint } from './databases.ts';

/** What all databases share, a row each; the databases that a run makes or replaces aside. */
const sharedThings = (but: string) => `
	SELECT 'database', datname, pg_get_userbyid(datdba), datacl::text, datconnlimit, datallowconn, datistemplate,
		shobj_description(oid, 'pg_database') FROM pg_database WHERE datname !~ '${but}' ORDER BY datname;
	SELECT 'setting', coalesce(datname, ''), coalesce(rolname, ''), setconfig FROM pg_db_role_setting
		LEFT JOIN pg_database d ON d.oid = setdatabase LEFT JOIN pg_roles r ON r.oid = setrole
		WHERE datname IS NULL OR datname !~ '${but}' ORDER BY 2, 3;
	SELECT 'file', sourcefile, name, setting, error FROM pg_file_settings ORDER BY 2, 3, 4;
	SELECT 'slot', slot_name FROM pg_replication_slots ORDER BY 2;
	SELECT 'origin', roname FROM pg_replication_origin ORDER BY 2;
	SELECT 'prepared', gid FROM pg_prepared_xacts ORDER BY 2;`;

export interface StateOptions {
	/** Regular expression of the names of databases that a run makes or replaces. */
	but: string;
	/** The databases whose content counts. */
	databases: readonly string[];
}

/**
 * Everything of a server that a restore has no business with: the other databases, as the native pg_dump sees them, roles
 * and tablespaces as pg_dumpall does, settings, and the files beside the data.
 */
export async function serverState(
	server: PostgresServer,
	{ but, databases }: StateOptions,
): Promise<Record<string, string>> {
	const [roles, shared, files] = await Promise.all([
		server.client('pg_dumpall', ['--globals-only']),
		server.psql(sharedThings(but)),
		filesOf(server),
	]);
	const state: Record<string, string> = {
		roles: roles.toString().replace(/^(?:--.*|\\(?:un)?restrict .*|)\n/gm, ''),
		shared,
		files,
	};
	for (const name of databases) state[`database ${name}`] = await fingerprint(server, name);
	return state;
}

/** Files that the server changes by itself. */
const changing = new Set(['postmaster.pid', 'postmaster.opts', 'pg_internal.init']);

/** The names in the server's directories, and what its settings say. */
async function filesOf({ dataDir, socketDir }: PostgresServer): Promise<string> {
	const names = [...(await readdir(dataDir)), '/', ...(await readdir(socketDir))];
	const settings = await Promise.all(
		['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'].map(async (name) => {
			const text = await readFile(join(dataDir, name));
			return `${name} ${createHash('sha256').update(text).digest('hex')}`;
		}),
	);
	return [...names.filter((name) => !changing.has(name)).sort(), ...settings].join('\n');
}
