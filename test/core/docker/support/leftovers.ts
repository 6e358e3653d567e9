import type Docker from 'dockerode';
import { setTimeout as wait } from 'node:timers/promises';
import type { DockerEngine } from '../../../../lab/servers/docker.ts';

/** Names of the containers that the package created and that are still there. */
export async function ownContainers({ docker }: DockerEngine): Promise<string[]> {
	const found = await docker.listContainers({ all: true, filters: { label: ['n8n-nodes-backup.lease'] } });
	return found.map(({ Names }) => Names[0]!);
}

/** Commands that run in a container, as its own list of processes shows them. */
export async function processes(container: Docker.Container): Promise<string[]> {
	const { Titles, Processes } = (await container.top()) as { Titles: string[]; Processes: string[][] };
	const column = Titles.indexOf('CMD');
	return Processes.map((row) => row[column] ?? '');
}

/** Waits until something holds; what it is waited for is in the error when it never does. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
	for (let attempt = 0; attempt < 200; attempt++) {
		if (await holds()) return;
		await wait(50);
	}
	throw new Error(`This never came to hold: ${what}`);
}
