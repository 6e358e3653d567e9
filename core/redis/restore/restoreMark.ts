import { randomBytes } from 'node:crypto';
import type { RedisCommands } from '../protocol/client';
import type { Followed } from '../protocol/replicaOf';
import { ReplyError } from '../protocol/resp';

/**
 * A restore that crashes leaves a server that follows nobody any more. Two marks tell such a server from a replica
 * of somebody else: until the data is replaced, a key in its database 0 says which server it was told to follow; from then
 * on its replication id, which it has taken over from us, begins with the name of this package.
 */
const markKey = 'n8n-nodes-backup:restoring';
const idHead = Buffer.from('n8n-nodes-backup').toString('hex');
/** Nobody looks for it after this time. */
const keepSeconds = 7 * 24 * 3600;

/** The id under which a restore replicates: 40 hexadecimal digits, of which 8 are its own. */
export function markedReplicationId(): string {
	return idHead + randomBytes(4).toString('hex');
}

export function isMarkedId(id: string | undefined): boolean {
	return id?.startsWith(idHead) === true;
}

export interface Mark {
	host: string;
	port: string;
	/** Seconds since 1970 by the server's own clock. */
	begunAt: number;
	/** Until then a restore that goes on may not have reached the server yet. */
	comeBy: number;
}

/**
 * Marks a server that is about to follow us. Best effort: a user that may not write, or a full memory, is no
 * reason not to restore.
 */
export async function setMark(
	client: RedisCommands,
	[host, port]: Followed,
	comeTimeoutMs: number,
): Promise<void> {
	const now = await serverTime(client);
	if (now === undefined) return;
	const mark: Mark = { host, port, begunAt: now, comeBy: now + Math.ceil(comeTimeoutMs / 1000) + 1 };
	await client.ask('SET', markKey, JSON.stringify(mark), 'EX', String(keepSeconds));
}

export async function clearMark(client: RedisCommands): Promise<void> {
	await client.ask('DEL', markKey);
}

/** The mark of a restore that did not end; undefined where there is none, or it may not be read. */
export async function readMark(client: RedisCommands): Promise<Mark | undefined> {
	const reply = await client.ask('GET', markKey);
	if (typeof reply !== 'string') return undefined;
	try {
		const mark = JSON.parse(reply) as Partial<Record<keyof Mark, unknown>>;
		const { host, port, begunAt, comeBy } = mark;
		const isMark =
			typeof host === 'string' &&
			typeof port === 'string' &&
			typeof begunAt === 'number' &&
			typeof comeBy === 'number';
		return isMark ? { host, port, begunAt, comeBy } : undefined;
	} catch {
		return undefined;
	}
}

/** The server's clock in seconds; undefined where it may not be asked. */
export async function serverTime(client: RedisCommands): Promise<number | undefined> {
	const reply = await client.ask('TIME');
	const seconds = Array.isArray(reply) && !(reply[0] instanceof ReplyError) ? Number(reply[0]) : NaN;
	return Number.isFinite(seconds) ? seconds : undefined;
}
