import { BackupError, errorMessage } from '../../errors';
import type { RedisCommands } from '../protocol/client';
import { describeServer } from '../connection';
import { nobody, replicaOf } from '../protocol/replicaOf';
import { parseInfo } from '../serverFacts';
import { clearMark, isMarkedId, readMark, serverTime } from './restoreMark';

/** What a server is to whoever works with it. */
export type Following =
	| { state: 'master' }
	/** It follows a restore of this package that crashed: nobody will release it. */
	| { state: 'left-behind'; of: string; begunAt?: Date }
	/** Of a server, or of a restore that may be under way. */
	| { state: 'replica'; of: string; isLinkUp: boolean; downSeconds?: number };

/**
 * Which server a server follows, as far as it says. Only what this package has marked itself counts as left behind, and
 * only when nothing comes from there any more.
 */
export async function readFollowing(client: RedisCommands): Promise<Following> {
	const reply = await client.ask('INFO', 'replication');
	const info = parseInfo(typeof reply === 'string' ? reply : '');
	if (info.get('role') !== 'slave') return { state: 'master' };
	const host = info.get('master_host') ?? '';
	const port = info.get('master_port') ?? '';
	const isLinkUp = info.get('master_link_status') === 'up';
	const down = Number(info.get('master_link_down_since_seconds') ?? NaN);
	const other: Following = {
		state: 'replica',
		of: `${host}:${port}`,
		isLinkUp,
		downSeconds: down >= 0 ? down : undefined,
	};
	if (isLinkUp || info.get('master_sync_in_progress') === '1') return other;
	const mark = await readMark(client);
	if (mark?.host === host && mark.port === port) {
		const now = await serverTime(client);
		if (now === undefined || now <= mark.comeBy) return other;
		return { state: 'left-behind', of: other.of, begunAt: new Date(mark.begunAt * 1000) };
	}
	// Down since it was up: a server that was told to follow somebody else meanwhile has never been up with that one.
	const wasUp = other.downSeconds !== undefined;
	return wasUp && isMarkedId(info.get('master_replid')) ? { state: 'left-behind', of: other.of } : other;
}

/**
 * Releases a server that a crashed restore has left as a replica: it becomes a master again, with whatever data it
 * has. Any other server is left alone.
 *
 * @returns what was done, one sentence; undefined where there was nothing to do
 * @throws {BackupError} where it was left behind and could not be released
 */
export async function releaseLeftBehind(client: RedisCommands): Promise<string | undefined> {
	const following = await readFollowing(client);
	if (following.state !== 'left-behind') return undefined;
	await releaseOurs(client);
	const when = following.begunAt === undefined ? '' : ` of ${following.begunAt.toISOString()}`;
	return `${describeServer(client.connection)} was left a replica by a restore${when} that crashed, and was made a master again: see whether its data is what you expect`;
}

/** Makes a server a master, whatever it followed. */
export async function releaseServer(client: RedisCommands): Promise<void> {
	await replicaOf(client, nobody);
	await clearMark(client);
}

async function releaseOurs(client: RedisCommands): Promise<void> {
	try {
		await releaseServer(client);
	} catch (error) {
		const known = error instanceof BackupError ? error : undefined;
		throw new BackupError(
			known?.code ?? 'server',
			`${describeServer(client.connection)} was left a replica by a restore that crashed, and could not be made a master again: ${known?.what ?? errorMessage(error)}`,
			{ advice: 'Run REPLICAOF NO ONE there as a user that may; until then it refuses writes', cause: error },
		);
	}
}
