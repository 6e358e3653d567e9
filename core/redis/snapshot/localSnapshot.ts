import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { finished as streamEnd, pipeline } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../../artifact/source';
import { BackupError, errorCode, fileError } from '../../errors';
import { type RedisCommands, withRedis } from '../protocol/client';
import { describeServer, type RedisConnection } from '../connection';
import { RdbCheck } from '../rdb/inspectRdb';
import type { RdbFacts } from '../rdb/rdbInspector';
import { releaseLeftBehind } from '../restore/crashedRestore';
import { saveRdb } from './save';
import { readServerFacts } from '../serverFacts';
import { readSetting } from '../serverSettings';
import { snapshotFacts } from './snapshotFacts';

export interface LocalSnapshotOptions {
	/** The server's RDB file as n8n sees it; undefined where both see it at the same path. */
	rdbPath?: string;
	/** Asked before the path that the server named is opened; throws where it may not be read. */
	permitPath?: (path: string) => void | Promise<void>;
	/** Milliseconds until the save is given up, the wait for another one included; an hour when undefined. */
	saveTimeoutMs?: number;
}

const chunkBytes = 256 * 1024;

/**
 * Engine `local`: the server saves its RDB file (`BGSAVE` over the protocol; redis-cli could do no more), and
 * that file is read once this very save is finished. For servers whose files n8n can see.
 *
 * The source fails with `not-found` or `not-permitted` where n8n cannot read the file, with `server` where the
 * save failed or took too long, and with `damaged` where the file is not the one that was just saved.
 */
export function localSnapshot(connection: RedisConnection, options: LocalSnapshotOptions = {}): OpenSource {
	return (signal) =>
		withRedis(connection, { signal }, async (client) => {
			const server = await readServerFacts(client);
			const released = await releaseLeftBehind(client);
			const path = options.rdbPath ?? (await rdbPathOf(client));
			await options.permitPath?.(path);
			const begunAt = await saveRdb(client, options.saveTimeoutMs ?? 3_600_000, signal);
			// A later save puts another file in its place; this handle stays with the one that is whole.
			const file = await openRdb(path, connection);
			const check = new RdbCheck();
			const bytes = file.createReadStream({ highWaterMark: chunkBytes });
			// Whichever fails, the other end is closed; the failure itself comes out of `check`.
			pipeline(bytes, check, { signal }).catch(() => {});
			const finished = streamEnd(check, { cleanup: true }).then((): SourceFacts => {
				assertOfThisSave(check.facts, begunAt, path);
				return snapshotFacts({
					connection,
					server,
					engine: 'local',
					rdb: check.facts,
					path,
					warnings: released ? [released] : [],
				});
			});
			finished.catch(() => {});
			return { stream: check, finished };
		});
}

/** Where the server saves to, by its own account. */
export async function rdbPathOf(client: RedisCommands): Promise<string> {
	const dir = await readSetting(client, 'dir');
	const fileName = await readSetting(client, 'dbfilename');
	if (!dir || !fileName) {
		const server = describeServer(client.connection);
		throw new BackupError('unsupported', `${server} does not say where it saves its RDB file`, {
			advice: 'Enter the path of the RDB file as n8n sees it, or use the built-in engine',
		});
	}
	return posix.join(dir, fileName);
}

async function openRdb(path: string, connection: RedisConnection): Promise<FileHandle> {
	try {
		return await open(path);
	} catch (error) {
		const unseen = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '');
		if (!unseen) throw fileError(error, path);
		const { code } = fileError(error, path);
		throw new BackupError(code, `${describeServer(connection)} saved to ${path}, which n8n cannot read`, {
			advice:
				'Mount the server’s data directory into n8n and enter the RDB file’s path there, or use the built-in engine, which needs no file',
			cause: error,
		});
	}
}

/** Another server's file, or an old copy, can lie at the path that was entered. */
export function assertOfThisSave(rdb: RdbFacts | undefined, begunAt: number, path: string): void {
	const writtenAt = Number(rdb?.aux.ctime ?? Infinity);
	// The clock that Redis writes into files may lag behind the one that it tells, by less than a second.
	if (writtenAt >= begunAt - 1) return;
	const date = new Date(writtenAt * 1000).toISOString();
	throw new BackupError('damaged', `${path} was written at ${date}, before the save that was just made`, {
		advice: 'Enter the path of the file that this server saves to; CONFIG GET dir names its directory',
	});
}
