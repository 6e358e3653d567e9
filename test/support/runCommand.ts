import { PassThrough } from 'node:stream';
import { runCli } from '../../cli/program';
import type { CommandRun } from '../../lab/command.ts';

export type { CommandRun };

export interface CommandOptions {
	env?: NodeJS.ProcessEnv;
	signal?: AbortSignal;
	/** Makes stdin and stderr a terminal where a person types these lines. */
	typed?: string[];
}

/** Runs a command line of n8n-backup within this process, with an environment and a terminal of its own. */
export async function runCommand(args: string[], options: CommandOptions = {}): Promise<CommandRun> {
	const { env = {}, signal = new AbortController().signal, typed } = options;
	const isTTY = typed !== undefined;
	const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
	for (const line of typed ?? []) stdin.write(`${line}\n`);
	const written = { stdout: '', stderr: '' };
	stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
	stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
	const terminal = {
		env,
		stdin: Object.assign(stdin, { isTTY }),
		stdout: Object.assign(stdout, { isTTY }),
		stderr: Object.assign(stderr, { isTTY }),
	};
	const exitCode = await runCli(args, terminal, signal);
	await new Promise((resolve) => setImmediate(resolve));
	return { exitCode, ...written };
}
