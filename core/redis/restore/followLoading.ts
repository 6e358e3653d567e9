import { setTimeout as wait } from 'node:timers/promises';
import type { OnProgress } from '../../artifact/source';
import { BackupError } from '../../errors';
import type { RedisClient } from '../protocol/client';
import { describeServer } from '../connection';
import type { RdbFacts } from '../rdb/rdbInspector';
import { countKeys, readInfo } from '../serverFacts';
import { plainAddress, type RdbMaster } from './rdbMaster';

export interface Following {
	rdb: RdbFacts;
	/** Where the server was told to find n8n. */
	host: string;
	port: number;
	/** Milliseconds without a sign of life. */
	idleTimeoutMs: number;
	/** Milliseconds in which the server has to come for the data. */
	comeTimeoutMs: number;
	onProgress?: OnProgress;
}

const pollMs = 200;

/**
 * Waits until the server has fetched and loaded the RDB, and answers how many keys it has then.
 *
 * @throws {BackupError} `unreachable` where it does not come for the data, `server` where it cannot load it
 */
export async function followLoading(
	client: RedisClient,
	master: RdbMaster,
	following: Following,
	signal: AbortSignal,
): Promise<number> {
	const begun = performance.now();
	const server = describeServer(client.connection);
	const { rdb, onProgress } = following;
	for (let lastLoaded = 0, lastSign = begun; ; await wait(pollMs, undefined, { signal })) {
		if (master.failure) throw master.failure;
		const info = await readInfo(client);
		if (info.get('role') !== 'slave' || info.get('master_port') !== String(following.port)) {
			throw new BackupError(
				'server',
				`Somebody else changed which server ${server} follows during the restore`,
				{
					advice: 'Stop what manages that server (Sentinel, an operator) for the time of the restore',
				},
			);
		}
		if (info.get('master_link_status') === 'up') return countKeys(info);

		const loaded = Number(info.get('loading_loaded_bytes') ?? 0);
		if (loaded !== lastLoaded) lastSign = performance.now();
		lastLoaded = loaded;
		lastSign = Math.max(lastSign, master.lastSign);
		if (!master.asked && performance.now() - begun > following.comeTimeoutMs) {
			throw didNotCome(client, master, following);
		}
		if (performance.now() - lastSign > following.idleTimeoutMs) throw fellSilent(server, following);
		onProgress?.({
			step: info.get('loading') === '1' ? `${server} loads the data` : `Sending the data to ${server}`,
			rawBytes: master.sentBytes,
			totalBytes: rdb.bytes,
		});
	}
}

function didNotCome(
	{ connection, remoteAddress }: RedisClient,
	{ refusedAddress }: RdbMaster,
	{ host, port, comeTimeoutMs }: Following,
): BackupError {
	const server = describeServer(connection);
	const missing = `${server} did not connect to n8n at ${host}:${port} within ${comeTimeoutMs / 1000} seconds`;
	if (refusedAddress !== undefined) {
		return new BackupError(
			'unreachable',
			`${missing}; somebody at ${refusedAddress} did and was refused, since the server was reached at ${plainAddress(remoteAddress)}`,
			{
				advice: `If that is the same server, behind a service address or NAT, set the announce host to ${host} (Announce Host, --announce-host): then whoever connects is served, so do it in a network that you trust`,
			},
		);
	}
	return new BackupError('unreachable', missing, {
		advice:
			'Both must share a network in which the server reaches n8n; where n8n has another address there, set that one as the announce host (Announce Host, --announce-host) and a port that is open',
	});
}

function fellSilent(server: string, { idleTimeoutMs }: Following): BackupError {
	return new BackupError('server', `${server} showed no progress for ${idleTimeoutMs / 1000} seconds`, {
		advice: 'Look into that server’s log for what it is doing',
	});
}
