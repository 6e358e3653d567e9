import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../lab/command.ts';
import { eventually } from '../../lab/eventually.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { assertKept } from '../harness/attack.ts';
import { databaseNames, fingerprint } from '../judges/databases.ts';
import { directoryState } from '../judges/directoryState.ts';
import type { Scene } from './killAttack.ts';
import type { PostgresSource } from '../servers.ts';

/** Names of databases that are there for one run. */
const scratch = /^n8n_backup_(?:drill|restore)_/;
const leaseThatIsOver = 'Scratch database of n8n-nodes-backup, in use until 2020-01-01T00:00:00Z';

interface Backup {
	server: PostgresServer;
	env: NodeJS.ProcessEnv;
	root: string;
	/** Of the database that the backup is of. */
	content: string;
}

export interface RestoreScene {
	args: string[];
	/** How many of several at the same time succeed. */
	atOnce: 'one' | 'any' | 'all';
	/** Databases of the server when each fault begins, `n8n` and `postgres` aside. */
	prepare?: (backup: Backup) => Promise<void>;
	/** @param hasSucceeded whether the process says so */
	judge: (backup: Backup, hasSucceeded: boolean) => Promise<void>;
	/** What holds when the work was done again, to its end. */
	judgeHealed?: (backup: Backup) => Promise<void>;
}

/** What restores a database, by what it does. */
export const restoreScenes = {
	'a dump is restored into a new database': {
		args: ['restore', 'postgres', 'newest', '--into', 'restored'],
		atOnce: 'one',
		async judge({ server, content }, hasSucceeded) {
			const isThere = (await databaseNames(server)).includes('restored');
			assertKept(isThere || !hasSucceeded, 'It succeeds, and there is no new database');
			if (!isThere) return;
			assertKept((await fingerprint(server, 'restored')) === content, 'The new database is not whole');
		},
		async judgeHealed({ server, content }) {
			assertKept((await fingerprint(server, 'restored')) === content, 'The next restore is not whole');
		},
	},
	'a dump is restored in place of a database': {
		args: ['restore', 'postgres', 'newest', '--replace', 'live', '--yes'],
		atOnce: 'any',
		async prepare({ server }) {
			await server.createDatabase('live');
			await server.psql(oldContent, { database: 'live' });
		},
		async judge(backup, hasSucceeded) {
			const isNew = await judgeReplaced(backup);
			assertKept(isNew || !hasSucceeded, 'It succeeds, and the database is the old one');
		},
		async judgeHealed({ server, content }) {
			assertKept((await fingerprint(server, 'live')) === content, 'The next restore is not whole');
		},
	},
	'a dump is drilled on a server': {
		args: ['drill', 'newest', '--server'],
		atOnce: 'all',
		async judge({ server, content, root }) {
			assertKept(
				(await fingerprint(server, 'n8n')) === content,
				'The drill changed a database that is in use',
			);
			await judgeArtifacts(root);
		},
	},
	'a dump is drilled inside n8n': {
		args: ['drill', 'newest'],
		atOnce: 'all',
		judge: async ({ root }) => await judgeArtifacts(root),
	},
} satisfies Record<string, RestoreScene>;

/** Whether it works on a server. */
export function needsServer({ args }: Pick<RestoreScene, 'args'>): boolean {
	return args[0] === 'restore' || args.includes('--server');
}

const oldContent = `
	CREATE TABLE workflow_entity (id integer PRIMARY KEY, name text);
	INSERT INTO workflow_entity SELECT n, 'what was there before ' || n FROM generate_series(1, 1000) AS n;`;

/**
 * The database is the old one, or the new one with the old one kept beside it.
 *
 * @returns whether it is the new one
 */
async function judgeReplaced({ server, content, root }: Backup): Promise<boolean> {
	const old = async (name: string) =>
		(await server.psql("SELECT count(*) FROM workflow_entity WHERE name LIKE 'what was there before %'", {
			database: name,
		})) === '1000';
	const names = await databaseNames(server);
	assertKept(names.includes('live'), 'The database that was to be replaced is gone');
	await judgeArtifacts(root);
	if ((await fingerprint(server, 'live')) !== content) {
		assertKept(await old('live'), 'The database is neither the old one nor the new one');
		return false;
	}
	const kept = names.filter((name) => name.startsWith('live') && name !== 'live');
	const isKept = await Promise.all(kept.map(async (name) => await old(name)));
	assertKept(isKept.includes(true), 'The database is the new one, and the old one is not kept');
	return true;
}

async function judgeArtifacts(root: string): Promise<void> {
	const { complete, broken } = await directoryState(join(root, 'postgres'));
	assertKept(broken.length === 0, `Neither whole nor absent: ${broken.join(', ')}`);
	assertKept(complete.length > 0, 'The backup is gone');
}

/**
 * Makes a backup of a server's database `n8n`, for scenes on that server.
 *
 * @param directory that holds the backup directory
 */
export async function restoresOn(
	{ server, env, [Symbol.asyncDispose]: end }: PostgresSource,
	directory: string,
	scenes: readonly RestoreScene[],
): Promise<Scene[]> {
	const root = join(directory, 'backups');
	await mkdir(root);
	await run(['create', 'postgres', '--database', 'n8n', '--directory', root], env);
	const backup: Backup = { server, env, root, content: await fingerprint(server, 'n8n') };
	return scenes.map((scene) => ({ ...sceneOf(backup, scene), [Symbol.asyncDispose]: end }));
}

function sceneOf(
	backup: Backup,
	{ args, prepare, judge, judgeHealed }: RestoreScene,
): Omit<Scene, keyof AsyncDisposable> {
	const { server, env, root } = backup;
	return {
		args: [...args, '--directory', root],
		env,
		places: needsServer({ args }) ? ['socket'] : [],
		async reset() {
			for (const name of await databaseNames(server)) {
				if (name !== 'n8n' && name !== 'postgres') await server.query(`DROP DATABASE "${name}" WITH (FORCE)`);
			}
			await prepare?.(backup);
		},
		judge: async (hasSucceeded) => await judge(backup, hasSucceeded),
		async heal() {
			await endLeases(server);
			const names = await databaseNames(server);
			if (names.includes('restored')) await server.query('DROP DATABASE restored WITH (FORCE)');
			await run([...args, '--directory', root], env);
			await judgeHealed?.(backup);
			const left = (await databaseNames(server)).filter((name) => scratch.test(name));
			assertKept(left.length === 0, `The next run leaves what the dead one left: ${left.join(', ')}`);
		},
	};
}

async function run(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
	const { exitCode, stderr } = await command(args, env);
	assertKept(exitCode === 0, `${args[0]} fails though nothing disturbs it: ${stderr}`);
}

/** As if the dead run had been dead for long: what the server was doing for it is done, and its leases are over. */
async function endLeases(server: PostgresServer): Promise<void> {
	const others = `SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
	await eventually(async () => {
		if ((await server.query(others)).length > 0)
			throw new Error('The server is still at work for a dead run');
	});
	for (const name of (await databaseNames(server)).filter((one) => scratch.test(one))) {
		await server.query(`COMMENT ON DATABASE "${name}" IS '${leaseThatIsOver}'`);
	}
}
