import { setTimeout as wait } from 'node:timers/promises';
import type { DockerClient } from './client';
import type { Container } from './containers';
import { operations } from './operations';

/** Marks a command and its children, so that they can be found again. */
export const tagVariable = 'N8N_BACKUP_EXEC';

/**
 * Sends a signal to every process whose environment holds a tag. Built-ins only, so that any `sh` will do, and
 * `read` leaves out the zeros between the variables.
 */
const signalTagged = `
for process in /proc/[0-9]*; do
	while IFS= read -r variables || [ -n "$variables" ]; do
		case $variables in *"$1"*) kill -s "$2" "\${process#/proc/}"; break ;; esac
	done < "$process/environ"
done 2> /dev/null
exit 0`;

export interface ExecToEnd {
	execId: string;
	tag: string;
	container: Container;
	user?: string;
}

/** In milliseconds; the two together stay below the two seconds in which a cancelled run has to be over. */
const graceMs = { ownEnd: 150, afterTerm: 700 };

/** An engine that does not answer by then has gone silent, perhaps like the command's stream. */
const answerTimeoutMs = 5_000;

/**
 * Ends a command whose reader has gone. Most end by themselves, on their next write; a silent one, such as a
 * pg_dump that waits for a lock, would stay. The API has no call that ends a command, and the process id that it
 * tells is the host's, so a second command looks for the first one's tag: SIGTERM, then SIGKILL.
 *
 * Never throws: where the container or the engine is gone, or has no `sh`, nothing more can be done.
 */
export async function endExec(client: DockerClient, target: ExecToEnd): Promise<void> {
	try {
		if (await endsWithin(client, target, graceMs.ownEnd)) return;
		await sendSignal(client, target, 'TERM');
		if (await endsWithin(client, target, graceMs.afterTerm)) return;
		await sendSignal(client, target, 'KILL');
	} catch {
		// See above.
	}
}

async function endsWithin(client: DockerClient, { execId }: ExecToEnd, ms: number): Promise<boolean> {
	for (const deadline = performance.now() + ms; ;) {
		const { Running } = await client.call(
			operations.inspectExec,
			(docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }),
			{ timeoutMs: answerTimeoutMs },
		);
		if (!Running) return true;
		if (performance.now() >= deadline) return false;
		await wait(50);
	}
}

async function sendSignal(client: DockerClient, target: ExecToEnd, signal: 'TERM' | 'KILL'): Promise<void> {
	const { container, tag, user } = target;
	const exec = await client.call(operations.createExec, (docker, abortSignal) =>
		docker.getContainer(container.id).exec({
			Cmd: ['sh', '-c', signalTagged, 'sh', `${tagVariable}=${tag}`, signal],
			User: user,
			abortSignal,
		}),
	);
	const answer = await client.call(operations.startExec, (docker, abortSignal) =>
		docker.getExec(exec.id).start({ Detach: true, Tty: false, abortSignal }),
	);
	answer.resume();
}
