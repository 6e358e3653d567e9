import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ComposeEngine, startComposeEngine } from '../../lab/compose/composeEngine.ts';
import { npmRegistry } from '../../lab/compose/npmRegistry.ts';
import { type ComposeProject, composeProject } from '../../lab/compose/project.ts';
import { type CredentialReference, Editor } from '../../lab/n8n/editor.ts';
import { packPackage } from '../../lab/n8n/installPackage.ts';
import { manualTrigger } from '../../lab/n8n/nightlyBackup.ts';
import { fillIn, shippedWorkflow } from '../../lab/n8n/workflow.ts';
import { sampleCredentials, sampleWorkflows } from '../../lab/seed/samples.ts';
import { whyNoDocker } from '../../lab/servers/docker.ts';
import { root } from '../../scripts/lib/paths.ts';
import { command } from '../../lab/command';
import { type Block, bashBlocks, readDocument, script } from '../docs/support/blocks';
import { callingWorkflow, storedSecret } from './support/callingWorkflow';
import { receive } from './support/httpReceiver';

// On a machine that is busy each of them takes minutes.
jest.setTimeout(600_000);

const reason = whyNoDocker();
const workers = ['n8n_worker_1', 'n8n_worker_2'];
const packageFolder = '/home/node/.n8n/nodes/node_modules/n8n-nodes-backup';

/**
 * deploy/compose.yaml in a Docker Engine, with images of the same names, used as it says itself, as the README, the
 * page about Docker and the runbook say it: queue mode, two workers, a proxy of the socket, a night, a worker that is
 * killed, everything lost and back.
 */
(reason === undefined ? describe : describe.skip)(`the Compose stack ${reason ?? ''}`.trim(), () => {
	const cleanUps: Array<() => Promise<void>> = [];
	/** What workflows call. */
	const monitor = receive();
	let engine: ComposeEngine;
	let project: ComposeProject;
	let editor: Editor;
	let runbook: Block[];
	let night: { id: string };
	let calling: { id: string };
	let redisCredential: CredentialReference;
	let byProxy: CredentialReference;
	/** What is to come back. */
	let lastNight: string;
	let before: { rows: string; env: string; compose: string };

	beforeAll(async () => {
		runbook = bashBlocks(await readDocument('restore.md'));
		const directory = await mkdtemp(join(tmpdir(), 'compose-test-'));
		cleanUps.push(() => rm(directory, { recursive: true }));
		const registry = await npmRegistry(await packPackage(directory));
		engine = await startComposeEngine({ registry, others: { 'monitor.example.com': monitor.listener } });
		cleanUps.push(() => engine.stop());
		project = await composeProject(engine);
		cleanUps.push(() => project.remove());
	});

	afterAll(async () => {
		for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) await cleanUp();
	});

	const psql = async (sql: string, database = 'n8n') =>
		(await project.run(`docker exec -i n8n_postgres_1 psql -XAtq -U n8n -d ${database}`, sql)).trim();
	/** What a person has made, and what n8n has encrypted. */
	const describeRows = async (database = 'n8n') =>
		await psql(
			`SELECT id, name, md5(nodes::text) FROM workflow_entity ORDER BY id;
			SELECT id, name, data FROM credentials_entity ORDER BY id; SELECT id, email, password FROM "user"`,
			database,
		);
	const artifacts = async (component: string) =>
		(await readdir(project.path('backups', component)))
			.filter((name) => !name.endsWith('.manifest.json'))
			.sort();
	const newest = async (component: string, prefix = '') => {
		const names = (await artifacts(component)).filter((name) => name.startsWith(prefix));
		return project.path('backups', component, names.at(-1)!);
	};
	/** Commands of the runbook in a shell that another command of it opens. */
	const inShell = async (shell: string, tags: string[]) =>
		await project.run(
			script(runbook, shell),
			`set -eu\n${tags.map((tag) => script(runbook, tag)).join('\n')}`,
		);
	const redisCli = async (command: string) => {
		const shell = `docker exec n8n_redis_1 sh -c 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli ${command}'`;
		return (await project.run(shell)).trim();
	};
	const inContainer = (name: string) => ({ container: { mode: 'name', value: name } });
	/** Runs an operation by the engine docker, as a workflow of its own on a worker; answers its item. */
	const runOnDocker = async (node: string, parameters: object) => {
		const credentials = {
			dockerEngineApi: byProxy,
			...(node === 'redisSnapshot' && { redis: redisCredential }),
		};
		const [from, to] = [manualTrigger, 'Operation'];
		const workflow = await editor.createWorkflow({
			name: node,
			nodes: [
				{ ...nodeAt(0), name: from, type: 'n8n-nodes-base.manualTrigger', parameters: {} },
				{
					...{ ...nodeAt(200), name: to, type: `n8n-nodes-backup.${node}`, credentials },
					parameters: { engine: 'docker', backupDirectory: '/backups', ...parameters },
				},
			],
			connections: { [from]: { main: [[{ node: to, type: 'main', index: 0 }]] } },
		});
		const { id, status, error, nodes } = await editor.run(workflow, manualTrigger);
		expect([status, error]).toEqual(['success', undefined]);
		expect(await workersOf(id)).toHaveLength(1);
		return nodes[to]!.outputs[0]![0]!;
	};
	/** The workers that have worked on an execution. */
	const workersOf = async (execution: string) => {
		const logs = await Promise.all(workers.map(async (name) => await project.run(`docker logs ${name}`)));
		return workers.filter((_, index) => logs[index]!.includes(`Worker started execution ${execution} `));
	};
	const pings = (path: string) => monitor.requests.filter((request) => request.path === path).length;

	test('comes up as its first lines say, with a second worker and a proxy of the socket', async () => {
		await writeFile(project.path('compose.override.yaml'), await proxyServices());
		for (const line of (await openingCommands()).toBegin) {
			await project.run(line);
			if (line.includes('example.env')) await fillInEnv(project.path('.env'));
		}
		await project.run('docker compose up -d --scale worker=2');
		for (const worker of workers) await untilLogged(worker, /worker is now ready/);
		editor = await Editor.open(engine.editorUrl);
	});

	test('gets the package from the editor once, though two workers share its volume', async () => {
		await editor.installPackage('n8n-nodes-backup');
		// Both hear of it and could begin to install it at any moment.
		for (const worker of workers) await untilLogged(worker, /Skipped installing community package/);
		await project.run((await openingCommands()).afterInstalling.join('\n'));
		for (const worker of workers) await untilLogged(worker, /worker is now ready[^]*worker is now ready/);
		expect(await project.run(`docker exec n8n_worker_2 ls ${packageFolder}`)).toContain('node_modules');
		expect(await editor.nodeTypes()).toContain('n8n-nodes-backup.postgresBackup');
	});

	test('makes its night on a worker', async () => {
		await fillN8n();
		const { id, status, error } = await editor.run(night, manualTrigger);
		expect([status, error]).toEqual(['success', undefined]);
		expect(await workersOf(id)).toHaveLength(1);
		expect(pings('/ping')).toBe(1);
	});

	test('has artifacts that hold before psql, tar, redis-check-rdb and cmp', async () => {
		const rows = await describeRows();
		await psql('CREATE DATABASE looked_at', 'postgres');
		const into = 'docker exec -i n8n_postgres_1 psql -Xq -U n8n -d looked_at --set ON_ERROR_STOP=1';
		await project.run(`gunzip -c ${await newest('postgres')} | ${into}`);
		expect(await describeRows('looked_at')).toBe(rows);
		await psql('DROP DATABASE looked_at', 'postgres');
		const members = await project.run(`tar -tzf ${await newest('n8n')}`);
		expect(members).toMatch(/^(\.\/)?config$/m);
		expect(members).toContain('nodes/node_modules/n8n-nodes-backup/package.json');
		expect(await project.run(`redis-check-rdb ${await newest('redis')}`)).toContain('RDB looks OK!');
		await project.run(`cmp .env ${await newest('env', 'env_')}`);
		await project.run(`cmp compose.yaml ${await newest('env', 'compose_')}`);
	});

	test('holds a container still for an archive of its volume, by the proxy, from a worker', async () => {
		const archive = await runOnDocker('volumeArchive', {
			operation: 'archive',
			volume: { mode: 'name', value: 'n8n_postgres_data' },
			options: { holdStill: 'postgres' },
		});
		expect(archive.source).toBe('volume n8n_postgres_data');
		expect(await project.run(`tar -tzf ${await newest('n8n')}`)).toMatch(/^(\.\/)?PG_VERSION$/m);
		expect(await project.run("docker inspect --format '{{.State.Status}}' n8n_postgres_1")).toBe('running\n');
		await project.run(`rm ${await newest('n8n')}*`);
	});

	test('gets the queue’s Redis back in its container, by the proxy, from a worker that has its work from it', async () => {
		await redisCli('SET kept yes');
		await runOnDocker('redisSnapshot', { operation: 'takeSnapshot', ...inContainer('redis') });
		await redisCli('SET kept no');
		await runOnDocker('redisSnapshot', {
			operation: 'restore',
			...inContainer('redis'),
			artifact: await newest('redis').then((path) => path.replace(project.path('backups'), '/backups')),
			confirmation: 'replace',
		});
		expect(await redisCli('GET kept')).toBe('yes');
		// Its entry point has given up root.
		expect(await project.run('docker exec n8n_redis_1 stat -c %u /proc/1')).toBe('999\n');
	});

	test('hears nothing of a worker that is killed but by the switch that was not pressed; the engine starts it again', async () => {
		await project.run(`docker exec n8n_n8n_1 dd if=/dev/urandom of=/home/node/.n8n/large bs=1M count=400`);
		const { executionId } = await editor.start(night, manualTrigger);
		const partial = await untilPartial('n8n');
		const [worker] = await workersOf(executionId);
		await project.run(`docker exec ${worker} killall -9 node || true`);
		await untilLogged(worker!, /(worker is now ready[^]*){3}/);
		expect(await project.run(`docker inspect --format '{{.RestartCount}}' ${worker}`)).toBe('1\n');
		expect([pings('/ping'), pings('/failed')]).toEqual([1, 0]);
		expect(await artifacts('n8n')).toEqual(expect.arrayContaining([partial]));
	});

	test('goes on the next night, and sweeps what the killed one has left', async () => {
		const file = async (name: string) => await readFile(project.path(name), 'utf8');
		before = { rows: await describeRows(), env: await file('.env'), compose: await file('compose.yaml') };
		await project.run('docker exec n8n_n8n_1 rm /home/node/.n8n/large');
		// A night later: what nobody has written to for five minutes is nobody's.
		await project.run(`touch --date '10 minutes ago' backups/n8n/.*.partial`);
		const { id, status, error } = await editor.run(night, manualTrigger);
		expect([status, error]).toEqual(['success', undefined]);
		lastNight = id;
		expect(pings('/ping')).toBe(2);
		expect((await artifacts('n8n')).filter((name) => name.endsWith('.partial'))).toEqual([]);
		expect(await project.run(script(runbook, 'own-copy'))).toMatch(
			/postgres +n8n_\d{8}_\d{6}\.sql\.gz .* good/,
		);
		const verified = await command(['verify', '--all'], { N8N_BACKUP_DIRECTORY: project.path('backups') });
		expect([verified.exitCode, verified.stdout]).toEqual([
			0,
			expect.stringMatching(/^(\d+) of \1 backups passed/m),
		]);
	});

	test('is lost with all of its volumes and files, and comes back by the commands of the runbook', async () => {
		// Nothing that is lost ends in order; one after the other would take its ten seconds for it.
		await project.run('docker compose kill && docker compose down --volumes');
		await rm(project.path('.env'));
		await rm(project.path('compose.yaml'));
		await inShell('bare-shell', ['everything-files', 'files-owner']);
		expect(await readFile(project.path('.env'), 'utf8')).toBe(before.env);
		expect(await readFile(project.path('compose.yaml'), 'utf8')).toBe(before.compose);
		await project.run(script(runbook, 'servers'));
		const said = await inShell('shell', ['where', 'look', 'everything']);
		// What is shown and what files are called is of one time zone, in a container as well.
		const [, ...stamp] = /_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)/.exec(await newest('postgres'))!;
		expect(said).toContain(`  ${stamp.slice(0, 3).join('-')} ${stamp.slice(3).join(':')}  `);
		await project.run(script(runbook, 'start'));
		expect(await describeRows()).toBe(before.rows);
	});

	test('knows its owner then, decrypts its credentials, and has the package on n8n and on the worker', async () => {
		editor = await Editor.open(engine.editorUrl);
		const called = await editor.run(calling, manualTrigger);
		expect([called.status, called.error]).toEqual(['success', undefined]);
		expect(pings(`/called?key=${storedSecret}`)).toBe(1);
		const { status, error } = await editor.run(night, manualTrigger);
		expect([status, error]).toEqual(['success', undefined]);
	});

	test('shows the night that made the backup as crashed, for it was running when it was dumped', async () => {
		let status = 'running';
		for (; status === 'running'; await wait(1000))
			status = await psql(`SELECT status FROM execution_entity WHERE id = ${lastNight}`);
		expect(status).toBe('crashed');
	});

	test('gives its database to who follows the README on the bad day', async () => {
		const { POSTGRES_PASSWORD: password } = await readEnv();
		const [block] = bashBlocks(await readFile(join(root, 'README.md'), 'utf8')).filter(({ tag }) => tag);
		await project.run(`export PGPASSWORD=${password}\n${block!.commands}`);
		expect(await describeRows('rescued')).toBe(before.rows);
	});

	/** Workflows and credentials as a person has them; the nightly workflow as the README says. */
	async function fillN8n(): Promise<void> {
		for (const { name, type, data } of sampleCredentials) await editor.createCredential(name, type, data);
		for (const workflow of sampleWorkflows) await editor.createWorkflow(workflow);
		const key = await editor.createCredential('Monitor', 'httpQueryAuth', {
			name: 'key',
			value: storedSecret,
		});
		calling = await editor.createWorkflow(callingWorkflow('http://monitor.example.com/called', key));
		const { POSTGRES_USER: user, POSTGRES_PASSWORD, POSTGRES_DB: database, REDIS_PASSWORD } = await readEnv();
		const postgres = { host: 'postgres', port: 5432, user, password: POSTGRES_PASSWORD, database };
		const redis = { host: 'redis', port: 6379, password: REDIS_PASSWORD, database: 0 };
		redisCredential = await editor.createCredential('n8n queue', 'redis', redis);
		const proxy = { connectBy: 'tcp', host: 'docker-proxy', port: 2375, tls: false };
		byProxy = await editor.createCredential('Docker', 'dockerEngineApi', proxy);
		const workflow = fillIn(await shippedWorkflow('nightly-backup.json'), {
			credentials: {
				postgres: await editor.createCredential('n8n database', 'postgres', { ...postgres, ssl: 'disable' }),
				redis: redisCredential,
			},
			// All else is as shipped: the paths are those of deploy/compose.yaml.
			settings: {
				successUrl: 'http://monitor.example.com/ping',
				notificationUrl: 'http://monitor.example.com/failed',
			},
		});
		night = await editor.createWorkflow(workflow);
	}

	async function readEnv(): Promise<Record<string, string>> {
		const lines = (await readFile(project.path('.env'), 'utf8')).split('\n');
		return Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
	}

	async function untilLogged(container: string, pattern: RegExp): Promise<void> {
		for (let log = ''; !pattern.test(log); await wait(300))
			log = await project.run(`docker logs ${container}`);
	}

	async function untilPartial(component: string): Promise<string> {
		for (;;) {
			const found = (await artifacts(component)).find((name) => name.endsWith('.partial'));
			if (found !== undefined) return found;
			await wait(50);
		}
	}
});

/** What the first lines of deploy/compose.yaml tell to do, before and after the package is installed in the editor. */
async function openingCommands(): Promise<{ toBegin: string[]; afterInstalling: string[] }> {
	const text = await readFile(join(root, 'deploy', 'compose.yaml'), 'utf8');
	const [before = '', after = ''] = text.slice(0, text.indexOf('x-n8n:')).split('Then in the editor');
	const commands = (lines: string) => [...lines.matchAll(/^# {3}(\S.*)$/gm)].map(([, command]) => command!);
	return { toBegin: commands(before), afterInstalling: commands(after) };
}

/** The services that docs/docker.md adds for a proxy of the socket. */
async function proxyServices(): Promise<string> {
	const blocks = (await readDocument('docker.md')).matchAll(/^```yaml\n([^]*?)^```$/gm);
	return [...blocks].map(([, yaml]) => yaml!).find((yaml) => yaml.includes('docker-proxy:'))!;
}

const nodeAt = (x: number) => ({ typeVersion: 1, position: [x, 0] });

/** As a person does, with secrets that need no care. */
async function fillInEnv(path: string): Promise<void> {
	const text = await readFile(path, 'utf8');
	const secret = () => crypto.randomUUID().replaceAll('-', '');
	await writeFile(
		path,
		text.replaceAll(/^(\w+(?:PASSWORD|KEY))=$/gm, (_, name: string) => `${name}=${secret()}`),
	);
}
