import { setTimeout as wait } from 'node:timers/promises';
import { BackupError, cancelledError } from '../errors';
import type { RedisCommands } from './client';
import { describeServer } from './connection';
import { replyError } from './redisError';
import { ReplyError } from './resp';
import { parseInfo } from './serverFacts';

const pollMs = 100;

/**
 * Has the server save its RDB file and waits until that save, no other, is finished. A save or a rewrite of the
 * append-only file that is under way is waited for first, since the server forks one child at a time.
 *
 * Answers when it was begun, in seconds since 1970 by the server's own clock: the file's `ctime` is not earlier.
 *
 * @throws {BackupError} `server` when the save failed or took longer than `timeoutMs`
 */
export async function saveRdb(
	client: RedisCommands,
	timeoutMs: number,
	signal: AbortSignal,
): Promise<number> {
	const deadline = Date.now() + timeoutMs;
	const pause = async () => {
		if (Date.now() > deadline) throw tookTooLong(client, timeoutMs);
		await wait(pollMs, undefined, { signal }).catch((error: unknown) => {
			throw cancelledError(error);
		});
	};

	const begun = await beginSave(client, pause);
	for (;;) {
		const persistence = await readPersistence(client);
		if ((await lastSave(client)) >= begun) return begun;
		const running = persistence.get('rdb_bgsave_in_progress') === '1';
		if (!running && persistence.get('rdb_last_bgsave_status') !== 'ok') throw saveFailed(client);
		await pause();
	}
}

/** Answers when the save was begun, once the server has begun it for us and nobody else. */
async function beginSave(client: RedisCommands, pause: () => Promise<void>): Promise<number> {
	for (; ; await pause()) {
		if (await isBusy(client)) continue;
		const begun = await serverSeconds(client);
		// LASTSAVE counts whole seconds: two saves within one would look like one.
		if ((await lastSave(client)) >= begun) continue;
		const reply = await client.ask('BGSAVE');
		if (!(reply instanceof ReplyError)) return begun;
		// Another client was quicker; its save is waited for like any other.
		if (/in progress|another child process/i.test(reply.message)) continue;
		throw replyError(reply, client.connection, 'BGSAVE');
	}
}

/** One child at a time: a save, or a rewrite of the append-only file, also one that is only due. */
async function isBusy(client: RedisCommands): Promise<boolean> {
	const persistence = await readPersistence(client);
	return ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled'].some(
		(name) => persistence.get(name) === '1',
	);
}

async function readPersistence(client: RedisCommands): Promise<Map<string, string>> {
	return parseInfo(String(await client.command('INFO', 'persistence')));
}

/** When the last good save was finished, in seconds since 1970. */
async function lastSave(client: RedisCommands): Promise<number> {
	return Number(await client.command('LASTSAVE'));
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
