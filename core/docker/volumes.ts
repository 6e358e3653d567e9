import { BackupError } from '../errors';
import type { DockerClient } from './client';
import { composeLabels, type Container, listContainers } from './containers';
import { operations } from './operations';

/** A named volume and who uses it. */
export interface Volume {
	name: string;
	driver: string;
	/** Path on the engine's machine. */
	mountpoint: string;
	composeProject?: string;
	/** Its name in the Compose file, without the project in front. */
	composeVolume?: string;
	/** The containers that mount it, in whatever state. */
	users: Container[];
}

/** All volumes by name, each with its Compose project and users. Fit for a drop-down. */
export async function listVolumes(client: DockerClient, signal?: AbortSignal): Promise<Volume[]> {
	const [answer, containers] = await Promise.all([
		client.call(operations.listVolumes, (docker, abortSignal) => docker.listVolumes({ abortSignal }), {
			signal,
		}),
		listContainers(client, signal),
	]);
	// An engine without volumes answers null.
	return (answer.Volumes ?? [])
		.map(({ Name, Driver, Mountpoint, Labels }): Volume => {
			const labels = Labels ?? {};
			return {
				name: Name,
				driver: Driver,
				mountpoint: Mountpoint,
				composeProject: labels[composeLabels.project],
				composeVolume: labels[composeLabels.volume],
				users: containers.filter(({ volumeMounts }) => volumeMounts.some(({ volume }) => volume === Name)),
			};
		})
		.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * A volume by its exact name. Read from the list rather than by `GET /volumes/{name}`, so that no character in a
 * name can make another call of it.
 *
 * @throws BackupError `not-found`
 */
export async function findVolume(client: DockerClient, name: string, signal?: AbortSignal): Promise<Volume> {
	const volumes = await listVolumes(client, signal);
	const volume = volumes.find((candidate) => candidate.name === name);
	if (volume) return volume;
	const inCompose = volumes.filter(({ composeVolume }) => composeVolume === name).map(({ name }) => name);
	const known = inCompose.length > 0 ? inCompose : volumes.map((candidate) => candidate.name);
	throw new BackupError('not-found', `There is no volume “${name}”`, {
		advice: known.length > 0 ? `Choose one of these: ${known.join(', ')}` : 'The engine has no volumes',
	});
}

/**
 * The volumes of a Docker Compose project, by name.
 *
 * @throws BackupError `not-found` when there is none
 */
export async function composeProjectVolumes(
	client: DockerClient,
	project: string,
	signal?: AbortSignal,
): Promise<Volume[]> {
	const volumes = await listVolumes(client, signal);
	const own = volumes.filter(({ composeProject }) => composeProject === project);
	if (own.length > 0) return own;
	const projects = [...new Set(volumes.flatMap(({ composeProject }) => composeProject ?? []))];
	throw new BackupError('not-found', `No volume belongs to a Compose project “${project}”`, {
		advice:
			projects.length > 0
				? `Choose one of these projects: ${projects.join(', ')}`
				: 'No volume on this engine belongs to a Compose project; archive volumes by name',
	});
}
