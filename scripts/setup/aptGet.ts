import { setTimeout as wait } from 'node:timers/promises';
import { runToExit } from '../lib/run.ts';

const defaultPatienceMs = 10 * 60_000;
const pauseMs = 1_000;

/**
 * Runs apt-get, and waits while somebody else holds one of its locks: another install, or the updates that a
 * machine fetches by itself. apt's own option waits for dpkg's lock only; for those of its lists and its cache it
 * gives up at once, so those are tried again.
 *
 * @throws Error with the end of apt-get's output when it failed, or the lock was held for longer than `patienceMs`
 */
export async function aptGet(args: string[], { patienceMs = defaultPatienceMs } = {}): Promise<void> {
	const deadline = Date.now() + patienceMs;
	const seconds = Math.ceil(patienceMs / 1000);
	for (;;) {
		const { exitCode, output } = await runToExit(
			'apt-get',
			['-o', `DPkg::Lock::Timeout=${seconds}`, ...args],
			// In C its messages are always the same ones.
			{ env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', LANGUAGE: '' } },
		);
		if (exitCode === 0) return;
		const tail = output.trimEnd().split('\n').slice(-40).join('\n');
		if (!isLocked(output) || Date.now() > deadline) {
			throw new Error(`apt-get ${args.join(' ')} ended with exit code ${exitCode}.\n${tail}`);
		}
		await wait(pauseMs);
	}
}

function isLocked(output: string): boolean {
	return /^E: (?:Could not get lock|Unable to (?:lock|acquire))/m.test(output);
}
