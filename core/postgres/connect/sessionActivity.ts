import type { SessionActivity } from './silence';
import { quoteLiteral } from '../sql';

/** How a session is known to its server. */
export type SessionIdentity = { pid: number } | { applicationName: string };

interface ActivityLine {
	/** A row of pg_stat_activity; servers before 10 have not all of these columns. */
	session: { state?: string | null; wait_event?: string | null };
	/** Milliseconds for which its state has been the same. */
	unchangedMs: number | null;
}

/** Asks for lines of JSON, one for each session that is meant. */
export function activityQuestion(session: SessionIdentity): string {
	const condition =
		'pid' in session ? `pid = ${session.pid}` : `application_name = ${quoteLiteral(session.applicationName)}`;
	return `SELECT pg_catalog.json_build_object(
	'session', pg_catalog.row_to_json(a),
	'unchangedMs', (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - state_change) * 1000)::bigint
)::text AS line
FROM pg_catalog.pg_stat_activity AS a WHERE ${condition}`;
}

/** What the lines say. ClientRead and ClientWrite are the server's words for waiting for us. */
export function readActivity(lines: string[], silentMs: number): SessionActivity {
	if (lines.length === 0) return 'gone';
	const sessions = lines.map((line) => JSON.parse(line) as ActivityLine);
	return sessions.every((session) => waitsForUs(session, silentMs)) ? 'waits-for-us' : 'works';
}

function waitsForUs({ session, unchangedMs }: ActivityLine, silentMs: number): boolean {
	const { state, wait_event: waitEvent } = session;
	// Between two questions it waits for the next, and not for long.
	if (unchangedMs !== null && unchangedMs < silentMs / 2) return false;
	if (waitEvent === 'ClientRead' || waitEvent === 'ClientWrite') return true;
	return state?.startsWith('idle') ?? false;
}
