import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, readFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runToExit } from '../../scripts/lib/run.ts';
import { freePort } from '../servers/freePort.ts';
import { ensureN8n, n8nProgram } from './ensureN8n.ts';
import { n8nEnvironment, type N8nOptions } from './environment.ts';

export interface N8n {
	/** Where the editor and the REST API answer, such as `http://127.0.0.1:40123`. */
	url: string;
	pid: number;
	userFolder: string;
	/** Everything n8n has written so far. */
	log(): string;
	/** Runs an n8n command (`import:workflow`, `execute`) beside the running instance, on the same database. */
	command(...commandArguments: string[]): Promise<{ exitCode: number; output: string }>;
	/** Ends n8n and the task runner that it started. */
	stop(): Promise<void>;
}

/** n8n and its task runner must not outlive this process, whatever ends it. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach(killGroup));

/** Starts the pinned n8n on a free port of the loopback interface and waits until it answers, its database migrated. */
export async function startN8n(options: N8nOptions): Promise<N8n> {
	const program = n8nProgram(await ensureN8n());
	const port = await freePort();
	const environment = n8nEnvironment(options, { editor: port, taskBroker: await freePort() });
	const logFile = join(options.userFolder, 'n8n.log');
	const log = openSync(logFile, 'a');
	const child = spawn(process.execPath, [program, 'start'], {
		env: environment,
		cwd: options.userFolder,
		stdio: ['ignore', log, log],
		// A group of its own: Ctrl-C reaches the one who started it, who then stops things in order.
		detached: true,
	});
	closeSync(log);
	running.add(child);
	const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	void exited.then(() => running.delete(child));

	const url = `http://127.0.0.1:${port}`;
	const n8n: N8n = {
		url,
		pid: child.pid!,
		userFolder: options.userFolder,
		log: () => readFileSync(logFile, 'utf8'),
		command: async (...commandArguments) =>
			await runToExit(process.execPath, [program, ...commandArguments], {
				cwd: options.userFolder,
				// The running instance holds the task broker's port already.
				env: { ...environment, N8N_RUNNERS_BROKER_PORT: String(await freePort()) },
				ownEnvironment: true,
			}),
		stop: async () => {
			child.kill('SIGTERM');
			await Promise.race([exited, wait(20_000, undefined, { ref: false })]);
			killGroup(child);
			await exited;
		},
	};
	await waitUntilReady(n8n, child);
	return n8n;
}

async function waitUntilReady(n8n: N8n, child: ChildProcess): Promise<void> {
	const deadline = Date.now() + 180_000;
	while (!(await answers(`${n8n.url}/healthz/readiness`)) || !(await answers(`${n8n.url}/rest/settings`))) {
		if (child.exitCode !== null || Date.now() > deadline) {
			await n8n.stop();
			throw new Error(`n8n did not start. The end of its log:\n${n8n.log().slice(-4000)}`);
		}
		await wait(200);
	}
}

async function answers(url: string): Promise<boolean> {
	return await fetch(url).then(
		(response) => response.ok,
		() => false,
	);
}

/** The negative number names the process group, which the task runner is in too. */
function killGroup({ pid }: ChildProcess): void {
	try {
		if (pid !== undefined) process.kill(-pid, 'SIGKILL');
	} catch {
		// The group has ended already.
	}
}
