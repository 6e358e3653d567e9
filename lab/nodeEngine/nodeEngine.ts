import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';

/** The packages of package.json that hold each n8n-core: the oldest that we support, and the present one. */
export const cores = { oldest: 'n8n-core-oldest', newest: 'n8n-core' } as const;

export interface NodeEngineOptions {
	core: keyof typeof cores;
	/** Where n8n keeps its own data (`N8N_USER_FOLDER`); an empty folder will do. */
	userFolder: string;
	/** As an administrator sets it, such as `N8N_RESTRICT_FILE_ACCESS_TO`. Nothing of ours is inherited. */
	environment?: Record<string, string>;
	/** The name of a machine of its own to run on: a container, which sees no process but its own. Needs root. */
	hostname?: string;
	/** Of the user that it runs as, and of the group; this process's own when undefined. Needs root. */
	uid?: number;
}

/** Runs a program as a container has it: its first process, on a machine of that name. */
const inContainer = (hostname: string) => ({
	execPath: 'unshare',
	execArgv: [
		...['--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'],
		...['sh', '-c', 'hostname "$0" && exec "$@"', hostname, process.execPath],
	],
});

export interface NodeToRun {
	/** As the package names it: `pruneBackups`. */
	node: string;
	/** 1 when undefined. */
	typeVersion?: number;
	parameters: Record<string, unknown>;
	/** Decrypted, by type. */
	credentials?: Record<string, Record<string, unknown>>;
	onError?: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	/** As the node's settings "Retry On Fail" say it. */
	retry?: { retryOnFail: true; maxTries: number; waitBetweenTries: number };
	/** One empty item otherwise. */
	input?: object[];
	mode?: 'trigger' | 'manual';
	/** IANA name, as in the workflow's settings. */
	timeZone?: string;
}

export interface OutputItem {
	json: Record<string, unknown>;
	error?: { message: string };
	pairedItem?: unknown;
}

export interface NodeError {
	name: string;
	message: string;
	description?: string;
}

/** What the engine made of a run. */
export interface NodeRun {
	/** `success`, `error` or `canceled`. */
	status: string;
	/** Of the execution. */
	error?: NodeError;
	/** The first output is the ordinary one; with `continueErrorOutput` the second is for errors. */
	outputs: OutputItem[][];
	hints?: Array<{ message: string }>;
	/** What the editor was sent. */
	messages: Array<{ type: string; message: unknown }>;
}

type Answer =
	| { kind: 'ready'; instanceId: string }
	| { kind: 'failed'; error: string }
	| { kind: 'done'; result: unknown };

type RunOfNodes = Pick<NodeRun, 'status' | 'error' | 'messages'> & {
	nodes: Record<string, { outputs: OutputItem[][]; hints?: NodeRun['hints'] }>;
};

/**
 * n8n-core's own engine with this package loaded into it, without the rest of n8n: its loader, `WorkflowExecute`, error
 * routing, file-access checks and cancellation are the real ones. What needs a database, an editor or a queue is for
 * the tests in a whole n8n.
 */
export class NodeEngine {
	readonly #host: ChildProcess;
	/** What tells this n8n from others. */
	instanceId = '';
	/** What the engine wrote: n8n's log. */
	log = '';

	private constructor(host: ChildProcess) {
		this.#host = host;
		host.stdout?.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
		host.stderr?.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
	}

	static async start(options: NodeEngineOptions): Promise<NodeEngine> {
		const { core, userFolder, environment, hostname, uid } = options;
		const host = fork(
			join(root, 'lab', 'nodeEngine', 'host.mjs'),
			[join(root, 'node_modules', cores[core]), root],
			{
				env: {
					PATH: process.env.PATH,
					HOME: userFolder,
					N8N_USER_FOLDER: userFolder,
					N8N_ENCRYPTION_KEY: 'of-the-test',
					...environment,
				},
				execArgv: [],
				...(hostname !== undefined && inContainer(hostname)),
				...(uid !== undefined && { uid, gid: uid }),
				stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
			},
		);
		const engine = new NodeEngine(host);
		const ready = await engine.#answer();
		if (ready.kind === 'ready') engine.instanceId = ready.instanceId;
		return engine;
	}

	/** Runs one node with its input items, as the only node of a workflow behind its trigger. */
	async run({ mode = 'trigger', ...chosen }: NodeToRun): Promise<NodeRun> {
		const { credentials = {} } = chosen;
		const request = { kind: 'run', mode, credentials, workflow: workflowOf(chosen) };
		const { nodes, ...result } = await this.#ask<RunOfNodes>(request);
		return { ...result, outputs: nodes.Node?.outputs ?? [], hints: nodes.Node?.hints };
	}

	/** What a drop-down of the node offers in the editor, by the method that fills it. */
	async search(
		chosen: Pick<NodeToRun, 'node' | 'parameters' | 'credentials'>,
		method: string,
		filter?: string,
	): Promise<Array<{ name: string; value: string }>> {
		const { credentials = {} } = chosen;
		const request = { kind: 'search', workflow: workflowOf(chosen), credentials, method, filter };
		return (await this.#ask<{ results: Array<{ name: string; value: string }> }>(request)).results;
	}

	/** Presses "Test" at a credential that the node tests. */
	async testCredential(
		node: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<{ status: string; message: string }> {
		return await this.#ask({ kind: 'testCredential', node: `n8n-nodes-backup.${node}`, type, data });
	}

	/** Of the process that n8n-core runs in. */
	get pid(): number {
		return this.#host.pid!;
	}

	/** Stops the running execution, as the editor's stop button does. */
	cancel(): void {
		this.#host.send({ kind: 'cancel' });
	}

	async stop(): Promise<void> {
		if (this.#host.exitCode !== null) return;
		const exited = once(this.#host, 'exit');
		this.#host.disconnect();
		await exited;
	}

	async #ask<Result>(request: { kind: string; [name: string]: unknown }): Promise<Result> {
		const answer = this.#answer();
		this.#host.send(request);
		const done = await answer;
		if (done.kind !== 'done') throw new Error(`The engine answered ${done.kind}`);
		return done.result as Result;
	}

	/** The host's next message; an error when it says that it failed, or ends without one. */
	async #answer(): Promise<Answer> {
		const given = new AbortController();
		const { signal } = given;
		try {
			const [answer] = (await Promise.race([
				once(this.#host, 'message', { signal }),
				once(this.#host, 'exit', { signal }).then(() => {
					throw new Error(`The engine ended: ${this.log}`);
				}),
			])) as [Answer];
			if (answer.kind === 'failed') throw new Error(answer.error);
			return answer;
		} finally {
			given.abort();
		}
	}
}

function workflowOf({ node, parameters, typeVersion = 1, ...options }: Omit<NodeToRun, 'mode'>): object {
	const { credentials = {}, onError, retry, input = [{}], timeZone = 'UTC' } = options;
	return {
		id: 'test',
		name: 'Test',
		settings: { timezone: timeZone },
		nodes: [
			{
				...placed('Input', 'test.inputItems'),
				parameters: { items: JSON.stringify(input) },
			},
			{
				...placed('Node', `n8n-nodes-backup.${node}`),
				typeVersion,
				parameters,
				credentials: Object.fromEntries(
					Object.keys(credentials).map((type) => [type, { id: type, name: type }]),
				),
				...(onError && { onError }),
				...retry,
			},
		],
		connections: { Input: { main: [[{ node: 'Node', type: 'main', index: 0 }]] } },
	};
}

function placed(name: string, type: string): object {
	return { id: name, name, type, typeVersion: 1, position: [0, 0] };
}
