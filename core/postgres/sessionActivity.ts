import type { SessionActivity } from './silence';
import { quoteLiteral } from './sql';

/** How a session is known to its server. */
export type SessionIdentity = { pid: number } | { applicationName: string };

/** Columns of pg_stat_activity that are looked at; servers before 10 have not all of them. */
interface ActivityRow {
	state?: string | null;
	wait_event?: string | null;
}

/** Asks for one line of JSON for each session that is meant. */
export function activityQuestion(session: SessionIdentity): string {
	const condition =
		'pid' in session ? `pid = ${session.pid}` : `application_name = ${quoteLiteral(session.applicationName)}`;
	return `SELECT pg_catalog.row_to_json(a)::text AS activity FROM pg_catalog.pg_stat_activity AS a WHERE ${condition}`;
}

/** What the lines say. ClientRead and ClientWrite are the server's words for waiting for us. */
export function readActivity(lines: string[]): SessionActivity {
	if (lines.length === 0) return 'gone';
	return (
		lines.map((line) => judge(JSON.parse(line) as ActivityRow)).find((said) => said === 'works') ??
		'waits-for-us'
	);
}

function judge({ state, wait_event: waitEvent }: ActivityRow): SessionActivity {
	if (waitEvent === 'ClientRead' || waitEvent === 'ClientWrite') return 'waits-for-us';
	return state?.startsWith('idle') ? 'waits-for-us' : 'works';
}
