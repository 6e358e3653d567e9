import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { BackupError } from '../../errors';
import type { Maintenance } from './maintenance';

/** A session that gives databases other names, and the first that gets one. */
export interface Renaming {
	pid: number;
	/** When it began: by both together it is told from a later one. */
	since: string;
	oid: string;
}

/** For asking. In milliseconds. */
const patienceMs = 15_000;

/** Remembers, before databases get other names, whom to ask about if the answer should be lost. */
export async function identify(client: pg.Client, database: string): Promise<Renaming> {
	const { rows } = await client.query<Renaming>(
		`SELECT pid, backend_start::text AS since, (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = $1)
		FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`,
		[database],
	);
	return rows[0]!;
}

/**
 * What became of a transaction whose answer was lost, as when the connection broke at its commit. As long as its
 * session is there it may still commit: it is ended first. It takes no signal, for it is asked also after a cancelling.
 *
 * @param to the name that the database was to get
 * @returns undefined where nobody can be asked
 */
export async function outcomeOf(
	maintenance: Maintenance,
	{ pid, since, oid }: Renaming,
	to: string,
): Promise<boolean | undefined> {
	const signal = AbortSignal.timeout(patienceMs);
	try {
		return await maintenance.use(async (client) => {
			const end = `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
				WHERE pid = $1 AND backend_start::text = $2`;
			while ((await client.query(end, [pid, since])).rows.length > 0) await sleep(50, undefined, { signal });
			const named = await client.query<{ datname: string }>(
				'SELECT datname FROM pg_catalog.pg_database WHERE oid = $1',
				[oid],
			);
			return named.rows[0]?.datname === to;
		}, signal);
	} catch {
		return undefined;
	}
}

/** @param to the name that the database was to get */
export function unknownOutcome(error: BackupError, doing: string, to: string): BackupError {
	return new BackupError(error.code, `${error.what} ${doing} may have been done or not`, {
		advice: `See whether there is a database "${to}": if so, it was done; if not, nothing was changed`,
		cause: error,
	});
}
