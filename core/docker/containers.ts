import { BackupError } from '../errors';
import type { DockerClient } from './client';
import { leaseLabel } from './labels';
import { operations } from './operations';

export const composeLabels = {
	project: 'com.docker.compose.project',
	service: 'com.docker.compose.service',
	oneOff: 'com.docker.compose.oneoff',
	volume: 'com.docker.compose.volume',
} as const;

/** As the engine names them. */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** A volume, as one container sees it. */
export interface VolumeMount {
	volume: string;
	/** Path inside the container. */
	destination: string;
	/** Path on the engine's machine; differs from the volume's own when only a part of it is mounted. */
	source: string;
}

export interface Container {
	id: string;
	/** Without the slash that the API puts in front. */
	name: string;
	/** As it was asked for: `postgres:17`. */
	image: string;
	imageId: string;
	state: ContainerState;
	/** For people: `Up 3 hours (healthy)`. */
	status: string;
	composeProject?: string;
	composeService?: string;
	/** One-off containers of `docker compose run`. */
	isOneOff: boolean;
	labels: Record<string, string>;
	volumeMounts: VolumeMount[];
	/** Destinations of all mounts, volumes or not. */
	mountPoints: string[];
}

/** Every container in every state but this package's own helpers, by name. Fit for a drop-down. */
export async function listContainers(client: DockerClient, signal?: AbortSignal): Promise<Container[]> {
	const all = await listAllContainers(client, signal);
	return all.filter(({ labels }) => labels[leaseLabel] === undefined);
}

/** Every container, this package's own helpers included. */
export async function listAllContainers(client: DockerClient, signal?: AbortSignal): Promise<Container[]> {
	const answer = await client.call(
		operations.listContainers,
		(docker, abortSignal) => docker.listContainers({ all: true, abortSignal }),
		{ signal },
	);
	return answer.map(toContainer).sort((a, b) => a.name.localeCompare(b.name));
}

type ContainerInfo = Awaited<ReturnType<import('dockerode')['listContainers']>>[number];

function toContainer(info: ContainerInfo): Container {
	// Podman leaves out what is empty.
	const labels = info.Labels ?? {};
	const mounts = info.Mounts ?? [];
	return {
		id: info.Id,
		name: (info.Names?.[0] ?? info.Id).replace(/^\//, ''),
		image: info.Image,
		imageId: info.ImageID,
		state: info.State as ContainerState,
		status: info.Status,
		composeProject: labels[composeLabels.project],
		composeService: labels[composeLabels.service],
		isOneOff: labels[composeLabels.oneOff]?.toLowerCase() === 'true',
		labels,
		volumeMounts: mounts.flatMap(({ Type, Name, Destination, Source }) =>
			Type === 'volume' && Name ? [{ volume: Name, destination: Destination, source: Source ?? '' }] : [],
		),
		mountPoints: mounts.map(({ Destination }) => Destination),
	};
}

/** Characters of an id that are enough to mean it, as `docker ps` shows it. */
const shortIdLength = 12;

/**
 * The one container that `reference` means: its exact name, its id (12 characters or more), or its service in
 * Docker Compose, so that `postgres` finds `myproject-postgres-1`. A name wins over a service.
 *
 * @throws BackupError `bad-parameter` when several match, naming them all; `not-found` when none does
 */
export async function findContainer(
	client: DockerClient,
	reference: string,
	signal?: AbortSignal,
): Promise<Container> {
	return chooseContainer(await listContainers(client, signal), reference);
}

/** {@link findContainer} in a list at hand. */
export function chooseContainer(containers: Container[], reference: string): Container {
	const wanted = reference.trim().replace(/^\//, '');
	if (wanted === '') {
		throw new BackupError('bad-parameter', 'No container is named', {
			advice: 'Name one by its container name, id or Docker Compose service',
		});
	}
	const exact = containers.find(({ name, id }) => name === wanted || id === wanted);
	if (exact) return exact;
	const byId = wanted.length >= shortIdLength ? containers.filter(({ id }) => id.startsWith(wanted)) : [];
	const byService = containers.filter(({ composeService }) => composeService === wanted);
	const lasting = byService.filter(({ isOneOff }) => !isOneOff);
	return onlyOne([...byId, ...(lasting.length > 0 ? lasting : byService)], wanted, containers);
}

function onlyOne(matching: Container[], wanted: string, all: Container[]): Container {
	const [first, ...others] = matching;
	if (!first) {
		const known = all.map(({ name }) => name).join(', ');
		throw new BackupError('not-found', `No container has the name, id or Compose service “${wanted}”`, {
			advice: known ? `Choose one of these: ${known}` : 'The engine has no containers; start one first',
		});
	}
	if (others.length > 0) {
		const names = matching.map(({ name, state }) => `${name} (${state})`).join(', ');
		throw new BackupError('bad-parameter', `Several containers match “${wanted}”: ${names}`, {
			advice: 'Give the full name of the one that you mean',
		});
	}
	return first;
}
