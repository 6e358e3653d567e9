import { randomBytes } from 'node:crypto';

/** What a pg_dump calls its session, so that it can be told from all others in pg_stat_activity. */
export function newSessionName(): string {
	return `n8n-nodes-backup ${randomBytes(4).toString('hex')}`;
}
