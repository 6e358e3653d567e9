import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';
import type { ComposeEngine } from './composeEngine.ts';

/** A directory called `n8n` with deploy/ in it, as somebody has it who begins. */
export interface ComposeProject {
	directory: string;
	path(...parts: string[]): string;
	/**
	 * Runs shell commands in the directory, as they stand in a document.
	 *
	 * @param input what is typed meanwhile, for commands that open a shell in a container
	 * @throws Error with all that was written, when one of them fails
	 */
	run(commands: string, input?: string): Promise<string>;
	remove(): Promise<void>;
}

export async function composeProject({ host }: ComposeEngine): Promise<ComposeProject> {
	const parent = await mkdtemp(join(tmpdir(), 'compose-project-'));
	const directory = join(parent, 'n8n');
	await mkdir(directory);
	for (const file of ['compose.yaml', 'example.env'])
		await cp(join(root, 'deploy', file), join(directory, file));
	const environment = {
		PATH: [join(root, 'lab', 'compose', 'bin'), process.env.PATH].join(delimiter),
		HOME: parent,
		DOCKER_HOST: host,
	};
	return {
		directory,
		path: (...parts) => join(directory, ...parts),
		run: async (commands, input) => await runShell(commands, input, directory, environment),
		remove: async () => await rm(parent, { recursive: true }),
	};
}

async function runShell(commands: string, input: string | undefined, cwd: string, env: NodeJS.ProcessEnv) {
	// Its input is a socket, by which bash takes itself for a login over the network.
	const options = ['--norc', '-e', '-u', '-o', 'pipefail', '-c', commands];
	const child = spawn('bash', options, { cwd, env, stdio: 'pipe' });
	let output = '';
	child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	const exitCode = await new Promise((resolve) => child.once('close', resolve));
	if (exitCode !== 0) throw new Error(`The commands ended with ${String(exitCode)}:\n${commands}\n${output}`);
	return output;
}
