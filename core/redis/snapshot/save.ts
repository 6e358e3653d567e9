import { setTimeout as wait } from 'node:timers/promises';
import { BackupError, cancelledError } from '../../errors';
import type { RedisCommands } from '../protocol/client';
import { describeServer } from '../connection';
import { replyError } from '../redisError';
import { ReplyError } from '../protocol/resp';
import { readInfo } from '../serverFacts';

const pollMs = 100;

/**
 * Has the server save its RDB file and waits until that save, no other, is finished. A save or a rewrite of the
 * append-only file that is under way is waited for first, since the server forks one child at a time.
 *
 * Answers when it was begun, in seconds since 1970 by the server's own clock.
 *
 * @throws {BackupError} `server` when the save failed or took longer than `timeoutMs`
 */
export async function saveRdb(
	client: RedisCommands,
	timeoutMs: number,
	signal: AbortSignal,
): Promise<number> {
	const deadline = performance.now() + timeoutMs;
	const pause = async () => {
		if (performance.now() > deadline) throw tookTooLong(client, timeoutMs);
		await wait(pollMs, undefined, { signal }).catch((error: unknown) => {
			throw cancelledError(error);
		});
	};

	const { begun, previous } = await beginSave(client, pause);
	for (;;) {
		const persistence = await readInfo(client, 'persistence');
		const running = persistence.get('rdb_bgsave_in_progress') === '1';
		// It may be followed by the next save at once, which then runs; but LASTSAVE has moved on.
		if (Number(persistence.get('rdb_last_save_time')) > previous) return begun;
		if (!running && persistence.get('rdb_last_bgsave_status') === 'ok') return begun;
		if (!running) throw saveFailed(client);
		await pause();
	}
}

interface BegunSave {
	/** By the server's clock, in seconds. */
	begun: number;
	/** LASTSAVE, from before. It counts whole seconds, so a quick save may leave it as it is. */
	previous: number;
}

/** Returns once the server has begun our save, which counts as running until it is done. */
async function beginSave(client: RedisCommands, pause: () => Promise<void>): Promise<BegunSave> {
	for (; ; await pause()) {
		if (await isBusy(client)) continue;
		const previous = Number(await client.command('LASTSAVE'));
		const begun = await serverSeconds(client);
		const reply = await client.ask('BGSAVE');
		if (!(reply instanceof ReplyError)) return { begun, previous };
		// Another client was quicker; its save is waited for like any other.
		if (/in progress|another child process/i.test(reply.message)) continue;
		throw replyError(reply, client.connection, 'BGSAVE');
	}
}

/** One child at a time: a save, or a rewrite of the append-only file, also one that is only due. */
async function isBusy(client: RedisCommands): Promise<boolean> {
	const persistence = await readInfo(client, 'persistence');
	return ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled'].some(
		(name) => persistence.get(name) === '1',
	);
}

async function serverSeconds(client: RedisCommands): Promise<number> {
	const time = await client.command('TIME');
	return Number(Array.isArray(time) ? time[0] : undefined);
}

function saveFailed(client: RedisCommands): BackupError {
	return new BackupError('server', `${describeServer(client.connection)} failed to save its RDB file`, {
		advice:
			'Look into its log: often the disk is full, not writable, or memory is too short to fork. The built-in engine needs no disk there',
	});
}

function tookTooLong(client: RedisCommands, timeoutMs: number): BackupError {
	const server = describeServer(client.connection);
	return new BackupError('server', `${server} did not finish its save in ${timeoutMs / 1000} seconds`, {
		advice: 'Give it more time, or look into its log for what it is doing',
	});
}
