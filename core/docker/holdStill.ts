import { BackupError, cancelledError, errorMessage } from '../errors';
import type { DockerClient } from './client';
import { chooseContainer, type Container, listContainers } from './containers';
import { Lease } from './lease';
import { isOwnContainer } from './ownContainer';
import { putBackIntoService, type StillHow, takeOutOfService } from './outOfService';

export interface HoldStillRequest {
	/** Names, ids or Compose services; those that do not run are left as they are. */
	containers: string[];
	how: StillHow;
}

/** Containers that are held still, and the note of it that survives a crash. */
export interface Held {
	lease: Lease;
	/** Names of the containers that do not run now. */
	names: string[];
	/** Gets all of them running again and removes what was created for it. Call it whatever happened. */
	release(): Promise<void>;
}

/**
 * Pauses or stops containers until {@link Held.release}. A crash in between is made good by the next run, see
 * {@link Lease}. With no containers it only opens a lease, for helper containers.
 *
 * @throws BackupError `bad-parameter` when n8n's own container or the proxy's is among them; whatever fails, all run again
 */
export async function holdStill(
	client: DockerClient,
	{ containers: references, how }: HoldStillRequest,
	signal: AbortSignal,
): Promise<Held> {
	const running = await runningOnes(client, references, signal);
	const ids = running.map(({ id }) => id);
	const outOfService = how === 'pause' ? { paused: ids, stopped: [] } : { paused: [], stopped: ids };
	const lease = await Lease.open(client, outOfService);
	const release = async () => {
		try {
			if (ids.length > 0) await putBackIntoService(client, outOfService);
		} catch (error) {
			lease.abandon();
			throw stillOut(running, error);
		}
		await lease.release();
	};
	try {
		for (const container of running) {
			if (signal.aborted) break;
			await takeOutOfService(client, container, how);
		}
		if (signal.aborted) throw cancelledError(signal.reason);
	} catch (error) {
		await release();
		throw error;
	}
	return { lease, names: running.map(({ name }) => name), release };
}

/** The engine's refusals name the containers; that it cannot be reached does not. */
function stillOut(containers: Container[], error: unknown): BackupError {
	if (error instanceof BackupError && error.code === 'server') return error;
	const names = containers.map(({ name }) => name).join(', ');
	return new BackupError('unreachable', `${names} may not be running again: ${errorMessage(error)}`, {
		advice:
			'The next run that uses the engine gets them running again; see with docker ps -a whether that can wait',
		cause: error,
	});
}

async function runningOnes(
	client: DockerClient,
	references: string[],
	signal: AbortSignal,
): Promise<Container[]> {
	if (references.length === 0) return [];
	const all = await listContainers(client, signal);
	const chosen = [...new Set(references.map((reference) => chooseContainer(all, reference)))];
	for (const container of chosen) {
		if (await isOwnContainer(container)) throw noWayBack(container, 'n8n itself runs in');
		if (isProxy(container, client)) throw noWayBack(container, 'n8n reaches Docker through');
	}
	return chosen.filter(({ state }) => state === 'running');
}

/** Under Docker Compose, the host that n8n connects to is the proxy's service or name. */
function isProxy({ name, composeService }: Container, { connection }: DockerClient): boolean {
	return connection.kind === 'tcp' && [name, composeService].includes(connection.host);
}

function noWayBack({ name }: Container, because: string): BackupError {
	return new BackupError('bad-parameter', `${because} ${name}, so nobody could resume that container`, {
		advice: 'Take it out of the list of containers to hold still',
	});
}
