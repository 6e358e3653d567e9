import { spawn, spawnSync } from 'node:child_process';

/** Runs npm to its end with its output on ours; ends this process when npm failed, since nothing can go on. */
export function runNpm(npmArguments, cwd) {
	const { status, error } = spawnSync('npm', npmArguments, { cwd, stdio: ['ignore', 2, 2] });
	if (status === 0) return;
	console.error(
		`npm ${npmArguments[0]} failed${error ? `: ${error.message}` : ''}. Its own message is above.`,
	);
	process.exit(status ?? 1);
}

/**
 * Runs a program on our terminal and resolves to its exit code. It stops what it started itself, so a signal
 * never ends this process first: Ctrl-C reaches the program by the terminal, a SIGTERM is passed on.
 */
export function runAndForwardSignals(program, programArguments, environment) {
	return new Promise((resolve, reject) => {
		const child = spawn(program, programArguments, {
			stdio: 'inherit',
			env: { ...process.env, ...environment },
		});
		process.on('SIGINT', () => {});
		process.on('SIGTERM', () => child.kill('SIGTERM'));
		child.once('error', reject);
		child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
	});
}
