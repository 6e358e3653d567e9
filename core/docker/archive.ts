import { Readable, addAbortSignal } from 'node:stream';
import { BackupError, cancelledError } from '../errors';
import type { DockerClient } from './client';
import type { Container } from './containers';
import { engineMessage, httpStatus } from './dockerError';
import { firstMember } from './firstMember';
import { operations } from './operations';

/**
 * Opens a path of a container, running or not, as a tar. The members of a directory are named `./…`, relative to
 * it; a file is a single member under its own name. Engines read volumes along with it, but no tmpfs.
 *
 * The engine keeps the container locked until the stream has ended: `docker inspect` of it waits that long.
 *
 * @param path absolute, inside the container
 * @throws BackupError `not-found` when container or path does not exist
 */
export async function readArchive(
	client: DockerClient,
	container: Pick<Container, 'id' | 'name'>,
	path: string,
	signal: AbortSignal,
): Promise<Readable> {
	const asDirectory = `${path.replace(/\/+$/, '')}/.`;
	try {
		return await openArchive(client, container, asDirectory, signal);
	} catch (error) {
		if (!(error instanceof NotADirectory)) throw error;
		return await openArchive(client, container, path, signal);
	}
}

class NotADirectory extends BackupError {}

async function openArchive(
	client: DockerClient,
	container: Pick<Container, 'id' | 'name'>,
	path: string,
	signal: AbortSignal,
): Promise<Readable> {
	const stream = await client.call(
		operations.readArchive,
		async (docker, abortSignal) => {
			try {
				return await docker.getContainer(container.id).getArchive({ path, abortSignal });
			} catch (error) {
				throw archiveError(error, container, path);
			}
		},
		{ signal },
	);
	return addAbortSignal(signal, stream as Readable);
}

function archiveError(error: unknown, { name }: Pick<Container, 'name'>, path: string): unknown {
	const status = httpStatus(error);
	const message = engineMessage(error);
	if (status !== undefined && /not a directory/i.test(message)) {
		return new NotADirectory('bad-parameter', `${path} in the container ${name} is not a directory`, {
			advice: 'Correct the path',
			cause: error,
		});
	}
	if (status !== 404) return error;
	if (/no such container/i.test(message)) {
		return new BackupError('not-found', `The container ${name} is gone`, {
			advice: 'Start it again, then run this again',
			cause: error,
		});
	}
	return new BackupError('not-found', `There is no ${path.replace(/\/\.$/, '')} in the container ${name}`, {
		advice: 'Correct the path; what lies on a tmpfs is out of the engine’s reach',
		cause: error,
	});
}

/** One file out of a container. */
export interface ContainerFile {
	/** Its content. It fails with a BackupError `incomplete` when the archive was cut off. */
	stream: Readable;
	/** Bytes. */
	size: number;
}

/**
 * Opens a single file of a container.
 *
 * @throws BackupError `not-found` when it does not exist, `bad-parameter` when it is no file
 */
export async function readContainerFile(
	client: DockerClient,
	container: Pick<Container, 'id' | 'name'>,
	path: string,
	signal: AbortSignal,
): Promise<ContainerFile> {
	const archive = await openArchive(client, container, path, signal);
	const member = await firstMember(archive).catch((error: unknown) => {
		throw readError(error, { container, path, signal });
	});
	if (!member.isFile) {
		archive.destroy();
		throw new BackupError('bad-parameter', `${path} in the container ${container.name} is not a file`, {
			advice: 'Correct the path',
		});
	}
	const { content, size } = member;

	async function* whole(): AsyncGenerator<Buffer> {
		try {
			yield* content();
		} catch (error) {
			throw readError(error, { container, path, signal });
		} finally {
			archive.destroy();
		}
	}
	return { stream: Readable.from(whole(), { objectMode: false }), size };
}

interface Reading {
	container: Pick<Container, 'name'>;
	path: string;
	signal: AbortSignal;
}

function readError(error: unknown, { container: { name }, path, signal }: Reading): BackupError {
	if (signal.aborted) return cancelledError(signal.reason);
	return new BackupError('incomplete', `${path} of the container ${name} was cut off while it was read`, {
		advice: 'See whether the engine or a proxy before it was stopped, then run it again',
		cause: error,
	});
}
