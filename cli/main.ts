#!/usr/bin/env node
import { constants } from 'node:os';
import { exitCodes } from './exitCodes';

/** The package's bin, `n8n-backup`: this process as a terminal, its signals as an AbortSignal. */
async function main(): Promise<void> {
	if (!isNodeNewEnough(process.versions.node)) {
		process.stderr.write(`n8n-backup needs Node.js 22.15 or newer; this is ${process.versions.node}.\n`);
		process.exitCode = exitCodes.failed;
		return;
	}
	// Older versions of Node could not even load what follows.
	const { runCli } = await import('./program.js');
	const cancellation = new AbortController();
	const stop = (name: 'SIGINT' | 'SIGTERM') => {
		// A second signal is not ours any more: it ends the process at once.
		process.removeAllListeners(name);
		cancellation.abort(name);
	};
	process.once('SIGINT', () => stop('SIGINT')).once('SIGTERM', () => stop('SIGTERM'));
	// `n8n-backup list | head` closes our output while we write.
	process.stdout.on('error', () => process.exit(exitCodes.failed));

	const { stdin, stdout, stderr, env } = process;
	const exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env }, cancellation.signal);
	const wasTerminated = exitCode === exitCodes.cancelled && cancellation.signal.reason === 'SIGTERM';
	process.exitCode = wasTerminated ? 128 + constants.signals.SIGTERM : exitCode;
}

function isNodeNewEnough(version: string): boolean {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	return major > 22 || (major === 22 && minor >= 15);
}

void main();
