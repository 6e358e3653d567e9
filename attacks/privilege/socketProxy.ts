import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NodeEngine, type NodeRun } from '../../lab/nodeEngine/nodeEngine.ts';
import type { Random } from '../../lab/random.ts';
import { type DockerEngine, startDocker } from '../../lab/servers/docker.ts';
import { runContainer, runPostgresContainer, runRedisContainer } from '../../lab/servers/dockerContainers.ts';
import { type RecordingProxy, startProxy } from '../../lab/servers/recordingProxy.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';

/** What a socket proxy is to allow by docs/docker.md; then one of the variables, or one of the calls, less. */
export const socketProxies: Attack[] = [
	{
		promise: 'whole',
		fault:
			'the socket proxy of the documents, with one of its variables or calls less: what needs it is red and names it',
		faults: { whole: 150, short: 0 },
		open: async (scratch) => await open(scratch),
	},
];

/** A call, and what allows it, as the documents have it. */
interface Call {
	call: string;
	variables: string[];
}

/** What the proxy does not allow. */
interface Loss {
	what: string;
	calls: string[];
}

interface Work {
	node: string;
	component: string;
	parameters: Record<string, unknown>;
	/** Calls that it makes where all are allowed. */
	needs?: Set<string>;
}

const named = (value: string) => ({ mode: 'name', value });
const ofWorker = { volume: named('data') };

const works: Work[] = [
	{
		...{ node: 'postgresBackup', component: 'postgres' },
		parameters: { operation: 'backUp', container: named('db') },
	},
	{
		...{ node: 'redisSnapshot', component: 'redis' },
		parameters: { operation: 'takeSnapshot', container: named('queue') },
	},
	...[
		ofWorker,
		{ volume: named('nobodys') },
		{ ...ofWorker, options: { holdStill: 'worker', holdStillHow: 'pause' } },
		{ ...ofWorker, options: { holdStill: 'worker', holdStillHow: 'stop' } },
	].map((of) => ({ node: 'volumeArchive', component: 'n8n', parameters: { operation: 'archive', ...of } })),
];

async function open(scratch: string): Promise<Arena> {
	const { calls, variables } = await documented();
	await using started = new AsyncDisposableStack();
	const docker = await startDocker();
	started.defer(async () => await docker.stop());
	await startContainers(docker);
	const proxy = await startProxy(docker.socketPath);
	started.defer(async () => await proxy.close());
	const root = join(scratch, 'backups');
	await mkdir(join(scratch, 'n8n'));
	const engine = await NodeEngine.start({
		...{ core: 'newest', userFolder: join(scratch, 'n8n') },
		environment: { N8N_RESTRICT_FILE_ACCESS_TO: root },
	});
	started.defer(async () => await engine.stop());
	const losses: Loss[] = [
		{ what: 'nothing', calls: [] },
		...calls.map(({ call }) => ({ what: call, calls: [call] })),
		...variables.map((variable) => ({
			what: variable,
			calls: calls.filter((one) => one.variables.includes(variable)).map(({ call }) => call),
		})),
	];
	const ended = started.move();
	const run = async (work: Work, loss: Loss) => {
		await rm(root, { recursive: true, force: true });
		await mkdir(root);
		proxy.calls.length = 0;
		allowOnly(proxy, calls, loss);
		const result = await engine.run({
			node: work.node,
			parameters: { engine: 'docker', backupDirectory: root, simplify: false, ...work.parameters },
			credentials: {
				dockerEngineApi: { connectBy: 'tcp', host: '127.0.0.1', port: proxy.port },
				redis: { host: 'means nothing here', port: 1 },
			},
		});
		proxy.forbid = undefined;
		return result;
	};
	return {
		async strike(random: Random) {
			const work = random.pick(works);
			work.needs ??= await needsOf(work, async () => await run(work, losses[0]!), proxy);
			const loss = random.pick(losses);
			const result = await run(work, loss);
			const whole = await judgeDirectory(join(root, work.component));
			judge({ work, loss, result, whole });
			await putRight(docker);
			return true;
		},
		[Symbol.asyncDispose]: async () => await ended.disposeAsync(),
	};
}

function judge(done: { work: Work; loss: Loss; result: NodeRun; whole: string[] }): void {
	const { work, loss, result, whole } = done;
	const by = `${work.node} ${JSON.stringify(work.parameters)} without ${loss.what}`;
	const said = `${result.error?.message ?? ''} ${result.error?.description ?? ''} ${JSON.stringify(result.outputs)}`;
	const lacks = loss.calls.filter((call) => work.needs!.has(call));
	const isGreen = result.status === 'success';
	if (lacks.length === 0) {
		assertKept(isGreen && whole.length === 1, `The documents ask for too little, or ${by} fails: ${said}`);
		return;
	}
	assertKept(!isGreen || whole.length === 1, `${by} succeeds, and there is no backup`);
	assertKept(
		lacks.some((call) => said.includes(call)),
		`${by} ${isGreen ? 'succeeds' : 'fails'}, and does not say what it lacks (${lacks.join(', ')}): ${said}`,
	);
}

/** What a proxy has to allow, by docs/docker.md: the calls of its table, and the variables of its example. */
async function documented(): Promise<{ calls: Call[]; variables: string[] }> {
	const text = await readFile('docs/docker.md', 'utf8');
	const calls = [...text.matchAll(/^\| `([A-Z]+ \/\S+)` +\| ([^|]+) \|/gm)].map(([, call, variables]) => ({
		call: call!,
		variables: variables!.match(/[A-Z]+/g) ?? [],
	}));
	return { calls, variables: [...text.matchAll(/^ {6}([A-Z]+): 1/gm)].map(([, name]) => name!) };
}

function allowOnly(proxy: RecordingProxy, calls: Call[], loss: Loss): void {
	const allowed = calls.map(({ call }) => call).filter((call) => !loss.calls.includes(call));
	const patterns = allowed.map((call) => call.replace(/[{}]/g, '\\$&'));
	proxy.forbid = new RegExp(`^(?!(?:${patterns.join('|')})$)`);
}

async function needsOf(work: Work, run: () => Promise<NodeRun>, proxy: RecordingProxy): Promise<Set<string>> {
	const { error } = await run();
	assertKept(!error, `The documented proxy does not do for ${work.node}: ${error?.message}`);
	return new Set(proxy.calls);
}

async function startContainers(docker: DockerEngine): Promise<void> {
	await runPostgresContainer(docker, { name: 'db' });
	await runRedisContainer(docker, { name: 'queue' });
	await runContainer(docker, ['sleep', '1000000'], { name: 'worker', volumes: { data: '/data' } });
	await docker.docker.createVolume({ Name: 'nobodys' });
}

/** What a forbidden call has left: paused and stopped containers, and helpers. */
async function putRight({ docker }: DockerEngine): Promise<void> {
	for (const { Id, Names, State } of await docker.listContainers({ all: true })) {
		const container = docker.getContainer(Id);
		if (!['/db', '/queue', '/worker'].some((name) => Names.includes(name))) {
			await container.remove({ force: true });
		} else if (State === 'paused') await container.unpause();
		else if (State !== 'running') await container.start();
	}
}
