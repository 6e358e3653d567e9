import type { Readable, Writable } from 'node:stream';

/** What a command reads from and writes to: the process's own, or a test's. */
export interface Terminal {
	stdin: Readable & { isTTY?: boolean };
	stdout: Writable & { isTTY?: boolean };
	stderr: Writable & { isTTY?: boolean };
	/** Environment variables. */
	env: NodeJS.ProcessEnv;
}

/** Whether a person sits there who can be asked. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
	return stdin.isTTY === true && stderr.isTTY === true;
}
