import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { postgresWith, redisWith, someRows } from '../servers.ts';

/** Exactly the rights that the documents ask for; then with one of them less. */
export const leastPrivilege: Attack[] = [
	{
		promise: 'whole',
		fault:
			'the documented role of PostgreSQL and user of Redis, with one of their rights less: what lacks it is red and says so',
		faults: { whole: 100, short: 5 },
		open: async (scratch) => await open(scratch),
	},
];

const password = 'of-the-attack';

/** A right that is taken away, and what a person is told then. */
interface Loss {
	component: 'postgres' | 'redis';
	what: string;
	/** SQL, or an argument of ACL SETUSER. */
	take: string;
	/** Undefined for what other servers, or a fuller manifest, need: without it a backup is whole, too, or none. */
	said?: RegExp;
}

const losses: readonly Loss[] = [
	{ component: 'postgres', what: 'nothing', take: 'SELECT' },
	{ component: 'redis', what: 'nothing', take: 'on' },
	{
		component: 'postgres',
		what: 'reading',
		take: 'REVOKE pg_read_all_data FROM n8n_backup',
		said: /permission|may not|right/i,
	},
	{
		component: 'postgres',
		what: 'logging in',
		take: 'ALTER ROLE n8n_backup NOLOGIN',
		said: /log.?in|permit/i,
	},
	{
		component: 'postgres',
		what: 'the database',
		take: 'REVOKE CONNECT ON DATABASE n8n FROM PUBLIC',
		said: /permission|CONNECT|may not/i,
	},
	{
		component: 'postgres',
		what: 'rows of a table',
		take: 'ALTER TABLE workflow_entity ENABLE ROW LEVEL SECURITY',
		said: /row security/i,
	},
	{ component: 'redis', what: 'sync', take: '-sync', said: /sync/i },
	{ component: 'redis', what: 'psync', take: '-psync' },
	{ component: 'redis', what: 'replconf', take: '-replconf', said: /replconf/i },
	{ component: 'redis', what: 'info', take: '-info' },
	{ component: 'redis', what: 'being on', take: 'off', said: /user|password|log.?in|auth/i },
];

async function open(scratch: string): Promise<Arena> {
	const documented = await readFile('docs/setup-check.md', 'utf8');
	const [grant, acl] = [/'(GRANT [^']* TO n8n_backup)'/, /ACL SETUSER n8n_backup on '[^']*' (.*)$/m].map(
		(pattern) => pattern.exec(documented)![1]!,
	) as [string, string];
	const root = join(scratch, 'backups');
	const postgres = await postgresWith(someRows);
	const redis = await redisWith(50);
	const restoreRights = async () => {
		await postgres.server.psql(
			`DROP ROLE IF EXISTS n8n_backup; CREATE ROLE n8n_backup LOGIN PASSWORD '${password}'; ${grant};
			GRANT CONNECT ON DATABASE n8n TO PUBLIC; ALTER TABLE workflow_entity DISABLE ROW LEVEL SECURITY`,
			{ database: 'n8n' },
		);
		await redis.server.pipe(`ACL DELUSER n8n_backup\nACL SETUSER n8n_backup on >${password} ${acl}\n`);
	};
	const works = {
		postgres: ['create', 'postgres', '--database', 'n8n'],
		redis: ['create', 'redis', '--user', 'n8n_backup', ...redis.args],
	};
	const env = { ...postgres.env, PGUSER: 'n8n_backup', PGPASSWORD: password, REDISCLI_AUTH: password };
	return {
		async strike(random: Random) {
			await rm(root, { recursive: true, force: true });
			await mkdir(root);
			await restoreRights();
			const { component, what, take, said } = random.pick(losses);
			if (component === 'postgres') await postgres.server.psql(take, { database: 'n8n' });
			else await redis.server.pipe(`ACL SETUSER n8n_backup ${take}\n`);
			const { exitCode, stderr } = await command([...works[component], '--directory', root], env);
			const whole = await judgeDirectory(join(root, component));
			if (what === 'nothing') {
				assertKept(
					exitCode === 0 && whole.length === 1,
					`The documented rights do not do for ${component}: ${stderr}`,
				);
				return true;
			}
			if (said === undefined) {
				assertKept(whole.length === (exitCode === 0 ? 1 : 0), `${component} without ${what}: ${stderr}`);
				return true;
			}
			assertKept(exitCode !== 0, `${component} without ${what} is backed up: the documents ask for too much`);
			assertKept(whole.length === 0, `${component} without ${what} fails, and there is a backup`);
			assertKept(said.test(stderr), `${component} without ${what} fails, and does not say so: ${stderr}`);
			return true;
		},
		async [Symbol.asyncDispose]() {
			await postgres[Symbol.asyncDispose]();
			await redis[Symbol.asyncDispose]();
		},
	};
}
