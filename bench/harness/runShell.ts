import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs what somebody would have in a shell script, and answers how many seconds it took. */
export async function runShell(script: string, env: NodeJS.ProcessEnv = {}): Promise<number> {
	const started = performance.now();
	const shell = spawn('bash', ['-c', `set -euo pipefail; ${script}`], {
		env: { ...process.env, ...env },
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	let messages = '';
	shell.stderr.on('data', (chunk: Buffer) => (messages += chunk.toString()));
	const [exitCode] = (await once(shell, 'close')) as [number | null];
	const seconds = (performance.now() - started) / 1000;
	if (exitCode !== 0) throw new Error(`“${script}” ended with ${exitCode}: ${messages.trim()}`);
	return seconds;
}
