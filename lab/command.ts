import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface CommandRun {
	exitCode: number;
	stdout: string;
	stderr: string;
}

export interface CommandProcess {
	child: ChildProcess;
	/** Settles when the process has ended and all that it wrote was read. */
	ended: Promise<CommandRun>;
}

/** The script that npm links as `n8n-backup`. */
export const program = join(process.cwd(), 'dist', 'cli', 'main.js');

/** Starts the built command as a process of its own, with no environment but this one. */
export function startCommand(
	args: string[],
	env: NodeJS.ProcessEnv = {},
	user: { uid?: number; gid?: number } = {},
): CommandProcess {
	const child = spawn(process.execPath, [program, ...args], {
		env: { PATH: process.env.PATH, TZ: 'UTC', ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
		...user,
	});
	const written = { stdout: '', stderr: '' };
	child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
	const ended = new Promise<CommandRun>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (exitCode) => resolve({ exitCode: exitCode ?? -1, ...written }));
	});
	return { child, ended };
}

/** Runs the built command to its end. */
export async function command(args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandRun> {
	return await startCommand(args, env).ended;
}
