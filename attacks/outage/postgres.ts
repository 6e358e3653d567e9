import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../../lab/eventually.ts';
import type { Random } from '../../lab/random.ts';
import type { PostgresOptions, PostgresServer } from '../../lab/servers/postgres.ts';
import { killIfThere } from '../../lab/servers/processChildren.ts';
import { backupScene } from '../crash/backupScene.ts';
import { needsServer, restoreScenes, restoresOn } from '../crash/restoreScenes.ts';
import type { Attack } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { postgresWith, someMegabytes } from '../servers.ts';
import { idleSeconds, type Outage, outageAttack } from './outageAttack.ts';

interface Trouble {
	what: string;
	outageOf: (server: PostgresServer) => Outage;
	options?: PostgresOptions;
}

const troubles: Trouble[] = [
	{ what: 'a server, or a process of it, that is killed or ended', outageOf: endings },
	{
		what: 'a server without a connection left',
		outageOf: crowd,
		options: { settings: { max_connections: '12', superuser_reserved_connections: '0' } },
	},
];

const idle = ['--idle-timeout', String(idleSeconds)];
const faults = { whole: 100, short: 1 };
const restores = Object.values(restoreScenes)
	.filter(needsServer)
	.map((scene) => ({ ...scene, args: [...scene.args, ...idle] }));

/** PostgreSQL in trouble, while something is made of it or restored into it. */
export const postgresOutages: Attack[] = troubles.flatMap(({ what, outageOf, options }) => [
	outageAttack({
		...{ promise: 'whole', fault: `${what} while a database is dumped`, faults },
		async setUp(scratch) {
			const source = await postgresWith(someMegabytes, options);
			const args = ['create', 'postgres', '--database', 'n8n', ...idle];
			const backup = { scratch, component: 'postgres', args, env: source.env, source };
			const scene = await endingOnFailure(source, async () => await backupScene(backup));
			return { scenes: [scene], outage: outageOf(source.server) };
		},
	}),
	outageAttack({
		promise: 'restored',
		fault: `${what} while a dump is restored into a new database, in place of one, or drilled`,
		faults,
		async setUp(scratch) {
			const source = await postgresWith(someMegabytes, options);
			const scenes = await endingOnFailure(source, async () => await restoresOn(source, scratch, restores));
			return { scenes, outage: outageOf(source.server) };
		},
	}),
]);

function endings(server: PostgresServer): Outage {
	return {
		begin: async (random) => await random.pick([killSession, endSessions, crash, restart])(server, random),
		// A server whose process was killed ends all its sessions and recovers.
		end: async () => await eventually(async () => await server.query('SELECT 1')),
	};
}

/** All sessions of a command, and nobody else's. */
const ours = "FROM pg_stat_activity WHERE application_name LIKE 'n8n-nodes-backup%'";

async function killSession(server: PostgresServer, random: Random): Promise<boolean> {
	const sessions = await server.query<{ pid: number }>(`SELECT pid ${ours} ORDER BY backend_start`);
	if (sessions.length === 0) return false;
	killIfThere(random.pick(sessions).pid);
	return true;
}

async function endSessions(server: PostgresServer, random: Random): Promise<boolean> {
	const end = random.pick(['pg_terminate_backend', 'pg_cancel_backend']);
	return (await server.query(`SELECT ${end}(pid) ${ours}`)).length > 0;
}

async function crash(server: PostgresServer, random: Random): Promise<boolean> {
	await server.kill();
	await wait(random.below(2000));
	await server.restart();
	return true;
}

async function restart(server: PostgresServer): Promise<boolean> {
	await server.restart();
	return true;
}

/** As many others as the server takes, for a while; whatever connection becomes free is taken, too. */
function crowd(server: PostgresServer): Outage {
	let clients: pg.Client[] = [];
	let isOver = Promise.resolve();
	const fill = async () => {
		for (;;) {
			const client = new pg.Client({ connectionString: server.url() });
			client.on('error', () => {});
			try {
				await client.connect();
			} catch {
				return;
			}
			clients.push(client);
		}
	};
	const stay = async (milliseconds: number) => {
		const until = performance.now() + milliseconds;
		while (performance.now() < until) {
			await fill();
			await wait(20);
		}
		const gone = clients;
		clients = [];
		await Promise.all(gone.map(async (client) => await client.end()));
	};
	return {
		async begin(random) {
			await fill();
			isOver = stay(random.below(4000));
			return true;
		},
		end: async () => await isOver,
	};
}
