import { type DockerEngine, startDocker, whyNoDocker } from '../../lab/servers/docker';
import {
	psql,
	runContainer,
	runPostgresContainer,
	runRedisContainer,
} from '../../lab/servers/dockerContainers';
import { type Containers, dockerOperationNames, dockerOperations } from './support/dockerOperations';
import { describeEngines } from './support/engines';
import { testOperation } from './support/operations';

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
