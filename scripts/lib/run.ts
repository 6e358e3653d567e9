import { spawn } from 'node:child_process';

export interface RunOptions {
	cwd?: string;
	/** Added to this process's environment. */
	env?: NodeJS.ProcessEnv;
	/** `env` is all there is, and nothing of this process's environment is handed on. */
	ownEnvironment?: boolean;
	/** 'inherit' shows the program's output as it comes; 'capture' (the default) returns it and shows it on failure. */
	output?: 'inherit' | 'capture';
	signal?: AbortSignal;
}

/** Runs a program to its end and returns what it wrote. Throws when it fails, with the end of its output. */
export async function run(
	program: string,
	programArguments: string[],
	options: RunOptions = {},
): Promise<string> {
	const { exitCode, output } = await runToExit(program, programArguments, options);
	if (exitCode === 0) return output;
	const tail = output.trimEnd().split('\n').slice(-40).join('\n');
	throw new Error(`${program} ${programArguments.join(' ')} ended with exit code ${exitCode}.\n${tail}`);
}

/** As run(), but a failure is an answer rather than an error. */
export function runToExit(
	program: string,
	programArguments: string[],
	{ cwd, env, ownEnvironment = false, output = 'capture', signal }: RunOptions = {},
): Promise<{ exitCode: number; output: string }> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, programArguments, {
			cwd,
			signal,
			env: ownEnvironment ? env : { ...process.env, ...env },
			stdio: [
				'ignore',
				...(output === 'inherit' ? (['inherit', 'inherit'] as const) : (['pipe', 'pipe'] as const)),
			],
		});
		const chunks: Buffer[] = [];
		child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
		child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
		child.once('error', reject);
		child.once('close', (code) => resolve({ exitCode: code ?? 1, output: Buffer.concat(chunks).toString() }));
	});
}
