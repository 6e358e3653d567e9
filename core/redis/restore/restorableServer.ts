import { BackupError } from '../../errors';
import type { RedisCommands } from '../protocol/client';
import { describeServer } from '../connection';
import type { RdbFacts } from '../rdb/rdbInspector';
import { readServerFacts, type ServerFacts } from '../serverFacts';
import { readSettingIfPermitted } from '../serverSettings';
import { canLoad } from './loadableRdb';

export interface RestorableServer extends ServerFacts {
	keys: number;
	/** What the restore will change beyond the data, one sentence each. */
	warnings: string[];
}

/**
 * Everything that can be known beforehand: whether the server would take the RDB at all. A server that cannot
 * load what it is sent has thrown its own data away by then, and one with too few databases exits.
 *
 * @throws {BackupError} `unsupported` or `server`; nothing was changed
 */
export async function assertRestorable(client: RedisCommands, rdb: RdbFacts): Promise<RestorableServer> {
	const server = describeServer(client.connection);
	await client.command('INFO', 'replication');
	const facts = await readServerFacts(client);
	const { info } = facts;

	const refuse = (what: string, advice: string) => new BackupError('unsupported', what, { advice });
	if (facts.cluster) {
		throw refuse(
			`${server} is a node of a cluster, which holds only some of the keys and cannot be restored alone`,
			'Stop the node, put the RDB into its data directory and start it, or restore into a server without cluster mode',
		);
	}
	if (info.get('role') !== 'master') {
		throw refuse(
			`${server} is a replica of ${info.get('master_host')}:${info.get('master_port')}`,
			'Restore into its master; replicas follow by themselves',
		);
	}
	if (!canLoad(info, rdb)) {
		throw refuse(
			`${server} (version ${facts.version}) cannot read an RDB of format ${rdb.magic} ${rdb.version}`,
			`Restore into a server at least as new as the one it was taken from${takenFrom(rdb)}`,
		);
	}
	const databases = Number((await readSettingIfPermitted(client, 'databases')) ?? Infinity);
	const highest = rdb.highestDatabase ?? 0;
	if (highest >= databases) {
		throw refuse(
			`The RDB has keys in database ${highest}, but ${server} has only ${databases} databases`,
			`Set databases to ${highest + 1} or more in its redis.conf and restart it`,
		);
	}
	if (rdb.modules.length > 0 && (await hasNoModules(client))) {
		throw refuse(
			`The RDB has values of modules (${rdb.modules.join(', ')}) and ${server} has loaded none`,
			'Load the same modules into that server first',
		);
	}
	if (info.get('loading') === '1') {
		throw new BackupError('server', `${server} is still loading its data`, {
			advice: 'Run it again once the server is ready',
		});
	}
	return {
		...facts,
		keys: facts.keys ?? 0,
		warnings: [...replicaWarnings(info), ...memoryWarnings(info, rdb)],
	};
}

/**
 * What only a restore by replication asks of the server.
 *
 * @throws {BackupError} `unsupported`; nothing was changed
 */
export async function assertPlainReplication(client: RedisCommands): Promise<void> {
	if ((await readSettingIfPermitted(client, 'tls-replication')) !== 'yes') return;
	const server = describeServer(client.connection);
	throw new BackupError(
		'unsupported',
		`${server} replicates over TLS only, which a restore from n8n cannot serve`,
		{ advice: 'Set tls-replication to no for the time of the restore: CONFIG SET tls-replication no' },
	);
}

async function hasNoModules(client: RedisCommands): Promise<boolean> {
	const reply = await client.ask('MODULE', 'LIST');
	return Array.isArray(reply) && reply.length === 0;
}

function takenFrom({ aux }: RdbFacts): string {
	const version = aux['redis-ver'] ?? aux['valkey-ver'];
	return version === undefined ? '' : ` (${version})`;
}

function replicaWarnings(info: Map<string, string>): string[] {
	const replicas = Number(info.get('connected_slaves') ?? 0);
	if (replicas === 0) return [];
	return [`The server has ${replicas} replicas; they load the restored data as well`];
}

function memoryWarnings(info: Map<string, string>, { aux }: RdbFacts): string[] {
	const limit = Number(info.get('maxmemory') ?? 0);
	const needed = Number(aux['used-mem'] ?? 0);
	if (limit === 0 || needed <= limit) return [];
	return [
		`The data took ${needed} bytes of memory where it came from, more than the server’s maxmemory of ${limit}: it may remove keys or refuse writes`,
	];
}
