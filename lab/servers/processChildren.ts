import { readFile } from 'node:fs/promises';

/** The processes that a process has started itself and that are still there. */
export async function childrenOf(pid: number): Promise<number[]> {
	const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
	return (children.match(/\d+/g) ?? []).map(Number);
}

/** Kills a process with SIGKILL, if it has not ended by itself. */
export function killIfThere(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}
