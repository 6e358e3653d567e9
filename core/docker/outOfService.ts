import { BackupError, errorMessage } from '../errors';
import type { DockerClient } from './client';
import { type Container, listAllContainers } from './containers';
import { httpStatus } from './dockerError';
import type { OutOfService } from './lease';
import { operations } from './operations';

/** How containers are kept still while something is read. */
export type StillHow = 'pause' | 'stop';

/** Engines wait 10 s, or what the container asks for, before they kill what will not stop. */
const stopTimeoutMs = 10 * 60_000;

/** Takes a running container out of service. One that is not running any more is fine. */
export async function takeOutOfService(
	client: DockerClient,
	{ id }: Pick<Container, 'id'>,
	how: StillHow,
): Promise<void> {
	if (how === 'pause') {
		await client.call(operations.pauseContainer, (docker, abortSignal) =>
			unlessSoAlready(docker.getContainer(id).pause({ abortSignal })),
		);
		return;
	}
	await client.call(
		operations.stopContainer,
		(docker, abortSignal) => unlessSoAlready(docker.getContainer(id).stop({ abortSignal })),
		{ timeoutMs: stopTimeoutMs },
	);
}

/**
 * Puts containers back into service, looking first at the state that each is in: somebody may have done so by hand.
 * All are tried, whatever fails. A container that was removed meanwhile is left out.
 *
 * @returns names of those that were put back
 * @throws BackupError `server` naming those that could not be, with the commands to do so by hand
 */
export async function putBackIntoService(
	client: DockerClient,
	{ paused, stopped }: OutOfService,
): Promise<string[]> {
	const containers = await listAllContainers(client);
	const resumed: string[] = [];
	const failed: Array<{ command: string; name: string; error: unknown }> = [];
	const attempt = async (name: string, command: string, work: () => Promise<void>) => {
		try {
			await work();
			resumed.push(name);
		} catch (error) {
			failed.push({ command, name, error });
		}
	};
	for (const { id, name, state } of containers) {
		if (paused.includes(id) && state === 'paused') {
			await attempt(name, `docker unpause ${name}`, () => unpause(client, id));
		} else if (stopped.includes(id) && state !== 'running') {
			await attempt(name, `docker start ${name}`, () => start(client, id));
		}
	}
	if (failed.length > 0) throw notResumed(failed);
	return resumed;
}

async function unpause(client: DockerClient, id: string): Promise<void> {
	await client.call(operations.unpauseContainer, (docker, abortSignal) =>
		docker.getContainer(id).unpause({ abortSignal }),
	);
}

async function start(client: DockerClient, id: string): Promise<void> {
	await client.call(operations.startContainer, (docker, abortSignal) =>
		unlessSoAlready(docker.getContainer(id).start({ abortSignal })),
	);
}

/** 304: stopped or started already; 409: not running, so there is nothing to pause. */
async function unlessSoAlready(change: Promise<unknown>): Promise<void> {
	try {
		await change;
	} catch (error) {
		if (![304, 409].includes(httpStatus(error) ?? 0)) throw error;
	}
}

function notResumed(failed: Array<{ command: string; name: string; error: unknown }>): BackupError {
	const names = failed.map(({ name }) => name).join(', ');
	const reason = errorMessage(failed[0]?.error);
	return new BackupError('server', `Not running again after they were held still: ${names} (${reason})`, {
		advice: `Resume by hand: ${failed.map(({ command }) => command).join(' && ')}`,
		cause: failed[0]?.error,
	});
}
