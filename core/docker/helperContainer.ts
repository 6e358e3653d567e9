import { BackupError } from '../errors';
import type { DockerClient } from './client';
import { type Container, listAllContainers } from './containers';
import { httpStatus } from './dockerError';
import { leaseLabel, roleLabel } from './labels';
import { operations } from './operations';

export interface HelperRequest {
	name: string;
	role: 'lease' | 'reader' | 'writer';
	leaseId: string;
	labels?: Record<string, string>;
	/** A volume to mount: read-only, unless it is for a writer. */
	volume?: { name: string; mountPoint: string };
}

export type Helper = Pick<Container, 'id' | 'name'>;

/**
 * Creates a container that is never started: to be read from, or just to be there. Its image is that of a container
 * that exists, so nothing is pulled, and no permission to list images is needed.
 *
 * The call is not cancelled half way, or nobody would know whether the container exists.
 *
 * @throws BackupError `not-found` when the engine has no container to take an image from
 */
export async function createHelper(client: DockerClient, request: HelperRequest): Promise<Helper> {
	const images = await knownImages(client);
	for (const image of images) {
		const id = await tryCreate(client, image, request);
		if (id !== undefined) return { id, name: request.name };
	}
	throw new BackupError('not-found', 'No container on the Docker Engine has an image to make a helper from', {
		advice: 'Create any container, such as the one that uses this volume, then run this again',
	});
}

/** Images of containers, those first that surely still exist because their container runs. */
async function knownImages(client: DockerClient): Promise<string[]> {
	const containers = await listAllContainers(client);
	const running = containers.filter(({ state }) => state === 'running');
	return [...new Set([...running, ...containers].map(({ imageId }) => imageId))];
}

/** The new container's id, or undefined when the image was removed by force. */
async function tryCreate(
	client: DockerClient,
	image: string,
	{ name, role, leaseId, labels, volume }: HelperRequest,
): Promise<string | undefined> {
	const body = {
		Image: image,
		// Never run; but the engine needs a command.
		Cmd: ['never-started'],
		Labels: { ...labels, [leaseLabel]: leaseId, [roleLabel]: role },
		HostConfig: { NetworkMode: 'none', Mounts: volume ? [mount(volume, role !== 'writer')] : [] },
	};
	return await client.call(operations.createContainer, async (docker, abortSignal) => {
		try {
			// Unless they are told apart, dockerode sends the whole body in the query, too.
			const options = { _query: { name }, _body: body, abortSignal };
			return (await docker.createContainer(options)).id;
		} catch (error) {
			if (httpStatus(error) === 404) return undefined;
			throw error;
		}
	});
}

function mount({ name, mountPoint }: { name: string; mountPoint: string }, readOnly: boolean) {
	return {
		Type: 'volume' as const,
		Source: name,
		Target: mountPoint,
		ReadOnly: readOnly,
		// An empty volume must stay empty whatever the image holds at this path.
		VolumeOptions: { NoCopy: true },
	};
}

/** Removes a helper and the anonymous volumes that its image asked for; named volumes stay. One that is gone is fine. */
export async function removeHelper(client: DockerClient, { id }: Pick<Helper, 'id'>): Promise<void> {
	await client.call(operations.removeContainer, async (docker, abortSignal) => {
		try {
			await docker.getContainer(id).remove({ v: true, force: true, abortSignal });
		} catch (error) {
			if (httpStatus(error) !== 404) throw error;
		}
	});
}
