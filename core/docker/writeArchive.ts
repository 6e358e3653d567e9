import { Readable } from 'node:stream';
import { BackupError } from '../errors';
import type { DockerClient } from './client';
import type { Container } from './containers';
import { engineMessage } from './dockerError';
import { operations } from './operations';

/** Its answer begins when the engine has everything, so this is how long a restore may take: a day. */
const writeTimeoutMs = 24 * 3_600_000;

/**
 * Has the engine extract a tar into a directory of a container, running or not, volumes included. Owners,
 * permissions and times come from the tar. A file replaces a file of its name; neither takes the place of a
 * directory, nor a directory that of a file. What fails half way leaves the members before it in place.
 *
 * @param path of the directory, absolute, inside the container
 * @param tar is destroyed when this settles
 * @throws BackupError `no-space` when the engine’s disk is full, what the tar fails with, others as
 * {@link DockerClient.call}
 */
export async function writeArchive(
	client: DockerClient,
	{ id, name }: Pick<Container, 'id' | 'name'>,
	path: string,
	tar: Readable,
	signal?: AbortSignal,
): Promise<void> {
	try {
		await client.call(
			operations.writeArchive,
			async (docker, abortSignal) => {
				const query = { path, noOverwriteDirNonDir: 'true' };
				try {
					// Unless they are told apart, dockerode sends the signal in the query, too.
					await docker.getContainer(id).putArchive(tar, { ...query, _query: query, abortSignal });
				} catch (error) {
					// Whatever the request then failed with is only a consequence.
					throw tar.errored ?? fullDisk(error, name);
				}
			},
			{ signal, timeoutMs: writeTimeoutMs },
		);
	} finally {
		tar.destroy();
	}
}

/** Two blocks of zeros. */
const emptyTar = Buffer.alloc(1024);

/**
 * Tries {@link writeArchive} with nothing, before anything is changed for it. A proxy that forbids the call may cut
 * the connection while a large tar is still being sent, and then nobody learns why.
 *
 * @throws BackupError as writeArchive
 */
export async function assertWritable(
	client: DockerClient,
	container: Pick<Container, 'id' | 'name'>,
	path: string,
	signal: AbortSignal,
): Promise<void> {
	await writeArchive(client, container, path, Readable.from([emptyTar]), signal);
}

function fullDisk(error: unknown, name: string): unknown {
	if (!/no space left on device/i.test(engineMessage(error))) return error;
	return new BackupError('no-space', `The Docker Engine’s disk is full; not all could be put into ${name}`, {
		advice: 'Make room there, then run this again',
		cause: error,
	});
}
