import { BackupError } from '../errors';
import {
	type Container,
	type DockerClient,
	findContainer,
	findVolume,
	type Held,
	holdStill,
	type HoldStillRequest,
	type Volume,
} from '../docker';

/** What to archive: a named volume, or a path inside a container. */
export type DockerVolumeTarget = { volume: string } | { container: string; path: string };

/** A container to read a path of, and how to leave everything as it was found. */
export interface Reader {
	container: Pick<Container, 'id' | 'name'>;
	path: string;
	/** Name of the container that the target belongs to or is used by; undefined when a helper was made. */
	user?: string;
	/** Those that use the volume and go on while it is read. */
	writers: string[];
	/** Call it whatever happened: removes helpers, gets containers running again. */
	release: () => Promise<void>;
}

/** Where a helper container sees the volume; no image has such a path. */
const mountPoint = '/n8n-backup-volume';

/**
 * Finds or makes a container through which the target can be read, and holds still the containers that are to be.
 *
 * @throws BackupError `not-found` for volumes and containers that are not there; whatever fails, nothing is left
 */
export async function openReader(
	client: DockerClient,
	target: DockerVolumeTarget,
	still: HoldStillRequest,
	signal: AbortSignal,
): Promise<Reader> {
	if ('path' in target) return await openContainerPath(client, target, still, signal);
	const volume = await findVolume(client, target.volume, signal);
	const user = chooseUser(volume);
	const held = user && still.containers.length === 0 ? undefined : await holdStill(client, still, signal);
	try {
		const reader = user
			? { container: user.container, path: user.path, user: user.container.name }
			: { container: await createReader(held, volume), path: mountPoint };
		return { ...reader, writers: writersOf(volume, held), release: async () => await held?.release() };
	} catch (error) {
		await held?.release();
		throw error;
	}
}

async function openContainerPath(
	client: DockerClient,
	{ container: reference, path }: { container: string; path: string },
	still: HoldStillRequest,
	signal: AbortSignal,
): Promise<Reader> {
	if (!path.startsWith('/')) {
		throw new BackupError('bad-parameter', `“${path}” is no absolute path`, {
			advice: 'Give the path as the container sees it, with a slash in front',
		});
	}
	const container = await findContainer(client, reference, signal);
	const held = still.containers.length === 0 ? undefined : await holdStill(client, still, signal);
	const isRunning = container.state === 'running' && !held?.names.includes(container.name);
	const writers = isRunning ? [container.name] : [];
	return { container, path, user: container.name, writers, release: async () => await held?.release() };
}

async function createReader(held: Held | undefined, volume: Volume): Promise<Pick<Container, 'id' | 'name'>> {
	if (!held) throw new TypeError('A helper container needs a lease');
	return await held.lease.createReader({ name: volume.name, mountPoint });
}

/**
 * A container that shows the whole volume and nothing else. One that mounts only a part of it, or something else
 * below it, does not. Those that do not run come first, because an engine locks a container while it is read.
 */
function chooseUser(volume: Volume): { container: Container; path: string } | undefined {
	const views = volume.users
		.filter(({ state }) => state !== 'dead' && state !== 'removing')
		.flatMap((container) =>
			container.volumeMounts
				.filter((mount) => mount.volume === volume.name)
				.filter(({ source }) => source === '' || source === volume.mountpoint)
				.filter(({ destination }) => !hasMountBelow(container, destination))
				.map(({ destination }) => ({ container, path: destination })),
		);
	return views.find(({ container }) => container.state !== 'running') ?? views[0];
}

function hasMountBelow({ mountPoints }: Container, destination: string): boolean {
	const below = `${destination.replace(/\/+$/, '')}/`;
	return mountPoints.some((mountPoint) => mountPoint.startsWith(below) && mountPoint !== destination);
}

function writersOf({ users }: Volume, held: Held | undefined): string[] {
	return users
		.filter(({ state, name }) => state === 'running' && !held?.names.includes(name))
		.map(({ name }) => name);
}
