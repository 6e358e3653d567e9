import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DockerEngine, startDocker, whyNoDocker } from '../../lab/servers/docker';
import {
	psql,
	runContainer,
	runPostgresContainer,
	runRedisContainer,
} from '../../lab/servers/dockerContainers';
import { type Containers, dockerOperationNames, dockerOperations } from './support/dockerOperations';
import { eventually } from '../../lab/eventually';
import { describeEngines } from './support/engines';
import { testOperation } from './support/operations';
import { expectOnlyPartial, filesBelow, stopWhen } from './support/stopWhen';

jest.setTimeout(120_000);

const reason = whyNoDocker();

(reason === undefined ? describe : describe.skip)(`by the Docker Engine API ${reason ?? ''}`.trim(), () => {
	let docker: DockerEngine;
	let containers: Omit<Containers, 'engine'>;

	beforeAll(async () => {
		docker = await startDocker();
		const postgres = await runPostgresContainer(docker, { name: 'db' });
		await psql(postgres, 'CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 3)');
		containers = {
			docker,
			postgres,
			redis: await runRedisContainer(docker, {
				name: 'queue',
				tmpfs: [],
				volumes: { queue: '/data' },
				user: 'root',
			}),
			worker: await runContainer(docker, ['sleep', '1000000'], {
				name: 'worker',
				volumes: { data: '/data' },
			}),
		};
	}, 120_000);

	afterAll(async () => {
		await docker?.stop();
	});

	describeEngines('an operation on containers', (n8n) => {
		const rows = dockerOperations(() => ({ ...containers, engine: n8n().engine }));
		for (const name of dockerOperationNames) testOperation(n8n, { name, ...rows[name] });
	});

	describeEngines('stopping an execution', (n8n) => {
		/** Runs an operation by the engine docker, with a backup directory of its own. */
		const run = async (backupDirectory: string, node: string, parameters: object) =>
			await n8n().engine.run({
				node,
				parameters: { engine: 'docker', backupDirectory, ...parameters },
				credentials: { dockerEngineApi: credential() },
			});
		const emptyDirectory = async () => {
			const path = join(await n8n().allowed(), 'backups');
			await mkdir(path);
			return path;
		};

		test('that waits for a lock to dump a database leaves no file and no session', async () => {
			const directory = await emptyDirectory();
			const locking = psql(containers.postgres, 'BEGIN; LOCK TABLE item; SELECT pg_sleep(600)').catch(
				() => {},
			);
			const count = async (condition: string) =>
				await psql(containers.postgres, `SELECT count(*) FROM pg_stat_activity WHERE ${condition}`);
			try {
				await eventually(async () => expect(await count("wait_event = 'PgSleep'")).toBe('1'));
				const running = run(directory, 'postgresBackup', {
					operation: 'backUp',
					container: { mode: 'name', value: 'db' },
				});
				await stopWhen(n8n().engine, running, async () =>
					expect(await count("wait_event_type = 'Lock'")).toBe('1'),
				);
				expect(await filesBelow(directory)).toEqual([]);
				await eventually(async () => expect(await count("wait_event_type = 'Lock'")).toBe('0'));
			} finally {
				const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
				await psql(containers.postgres, end);
				await locking;
			}
		});

		test('that archives a volume leaves no file and no container', async () => {
			const directory = await emptyDirectory();
			// The image has no program that could make it.
			const cwd = await n8n().allowed();
			await writeFile(join(cwd, 'large'), randomBytes(64 * 1024 * 1024));
			const archive = execFileSync('tar', ['-cf', '-', 'large'], { cwd, maxBuffer: 128 * 1024 * 1024 });
			await containers.worker.putArchive(archive, { path: '/data' });
			const running = run(directory, 'volumeArchive', {
				operation: 'archive',
				volume: { mode: 'name', value: 'data' },
				compression: 'zstd',
				options: { compressionLevel: 19 },
			});
			await stopWhen(n8n().engine, running, async () => await expectOnlyPartial(directory));
			expect(await filesBelow(directory)).toEqual([]);
			await eventually(async () => expect(await docker.containerIds()).toHaveLength(3));
		});
	});

	const credential = () => ({ connectBy: 'socket', socketPath: docker.socketPath });

	describeEngines('the editor', (n8n) => {
		const search = async (node: string, method: string, filter?: string) => {
			const credentials = { dockerEngineApi: credential() };
			// The credential belongs to the engine: n8n hands it out only while that is chosen.
			const chosen = { node, parameters: { engine: 'docker' }, credentials };
			return await n8n().engine.search(chosen, method, filter);
		};

		test.each(['postgresBackup', 'redisSnapshot', 'volumeArchive'])(
			'lets %s pick one of the engine’s containers',
			async (node) => {
				const found = await search(node, 'searchContainers');
				expect(found.map(({ value }) => value).sort()).toEqual(['db', 'queue', 'worker']);
				expect(await search(node, 'searchContainers', 'WORK')).toEqual([
					{ name: 'worker (n8n-backup-test:latest, running)', value: 'worker' },
				]);
			},
		);

		test('lets postgresBackup pick a table of the server in a container', async () => {
			const parameters = {
				operation: 'backUp',
				engine: 'docker',
				container: { __rl: true, mode: 'list', value: 'db' },
			};
			const chosen = { node: 'postgresBackup', parameters, credentials: { dockerEngineApi: credential() } };
			const tables = await n8n().engine.search(chosen, 'getTables');
			expect(tables.map(({ value }) => value)).toContain('public.item');
		});

		test('lets volumeArchive pick one of its volumes', async () => {
			expect(await search('volumeArchive', 'searchVolumes', 'data')).toEqual([
				{ name: 'data (no project, used by worker)', value: 'data' },
			]);
			expect(await search('volumeArchive', 'searchProjects')).toEqual([]);
		});

		test('tests the credential', async () => {
			const result = async (data: Record<string, unknown>) =>
				await n8n().engine.testCredential('postgresBackup', 'dockerEngineApi', data);
			expect(await result(credential())).toEqual({
				status: 'OK',
				message: 'Connected; the engine has 3 containers',
			});
			expect(await result({ connectBy: 'socket', socketPath: '/nowhere/docker.sock' })).toEqual({
				status: 'Error',
				message: expect.stringContaining('/nowhere/docker.sock') as string,
			});
		});
	});
});
