import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const started: ChildProcess[] = [];

/**
 * Ends after each test what it has started. To be called before `temporaryDirectory`, whose clean-up must not find
 * anybody writing there.
 */
export function endProcessesAfterEach(): void {
	afterEach(async () => {
		for (const child of started.splice(0)) await kill(child);
	});
}

export async function kill(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	child.kill('SIGKILL');
	await once(child, 'exit');
}

/** Starts a program, and waits until it has written a line. */
export async function startUntilLine(program: string, ...args: string[]): Promise<ChildProcess> {
	const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
	started.push(child);
	await once(createInterface(child.stdout), 'line');
	return child;
}

/** Runs a script in another Node, which has SQLite as `DatabaseSync`, and waits until it has written a line. */
export async function startScript(script: string, ...args: string[]): Promise<ChildProcess> {
	const head = "const { DatabaseSync } = require('node:sqlite');\n";
	return await startUntilLine(
		process.execPath,
		'--disable-warning=ExperimentalWarning',
		'-e',
		head + script,
		...args,
	);
}

/** The answer of SQLite's own command line. */
export function sqlite3(database: string, sql: string): string {
	return execFileSync('sqlite3', [database, sql], { encoding: 'utf8' }).trim();
}
