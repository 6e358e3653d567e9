import { finished, pipeline } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../artifact/source';
import {
	connectDocker,
	type DockerConnection,
	type HoldStillRequest,
	readArchive,
	recoverLeftovers,
} from '../docker';
import { packageVersion } from '../version';
import { EngineTarStream } from './engineTar';
import { liveServerWarnings } from './postgresFolder';
import { archiveReadBack } from './readBackArchive';
import { type DockerVolumeTarget, openReader, type Reader } from './volumeReader';

export type { DockerVolumeTarget } from './volumeReader';

export interface DockerVolumeOptions {
	/** Containers to pause or stop while it is read; they run again afterwards, whatever happens. */
	holdStill?: HoldStillRequest;
	/** Whether to say in the facts that n8n's encryption key is missing. False by default: most volumes have none. */
	holdsN8n?: boolean;
}

/**
 * The engine `docker` of volumes: a named volume, or a path in a container, running or not, as the engine's own
 * tar. Its members are relative to the volume, as in archives by the engine `built-in`, and devices and pipes are
 * left out as there.
 *
 * The engine leaves out sockets, and files that vanish while it reads; it tells nobody which. It copies SQLite
 * databases byte by byte, so a warning says so where a container was running that may have written to them.
 */
export function dockerVolume(
	connection: DockerConnection,
	target: DockerVolumeTarget,
	options: DockerVolumeOptions = {},
): OpenSource {
	return async (signal) => {
		const client = await connectDocker(connection);
		const leftovers = await recoverLeftovers(client, signal);
		const still = options.holdStill ?? { containers: [], how: 'pause' };
		const reader = await openReader(client, target, still, signal);
		const stream = new EngineTarStream();
		const read = async (): Promise<SourceFacts> => {
			try {
				const archive = await readArchive(client, reader.container, reader.path, signal);
				await Promise.all([pipeline(archive, stream, { signal }), finished(stream, { cleanup: true })]);
			} catch (error) {
				stream.destroy(error instanceof Error ? error : undefined);
				throw error;
			} finally {
				await reader.release();
			}
			return toFacts(stream, { target, reader, leftovers, options });
		};
		const facts = read();
		facts.catch(() => {});
		return { stream, finished: facts, readBack: archiveReadBack };
	};
}

interface Circumstances {
	target: DockerVolumeTarget;
	reader: Reader;
	leftovers: string[];
	options: DockerVolumeOptions;
}

function toFacts(
	{ census, databases, serverFolders, isEmptyDirectory, encryptionKeySeen }: EngineTarStream,
	{ target, reader, leftovers, options }: Circumstances,
): SourceFacts {
	const { writers } = reader;
	const warnings = [
		...databaseWarnings(databases, writers),
		...(writers.length > 0 ? liveServerWarnings(serverFolders) : []),
		...emptyWarnings(target, isEmptyDirectory),
	];
	const missing = options.holdsN8n ? 'missing' : undefined;
	return {
		source:
			'volume' in target
				? { volume: target.volume, container: reader.user }
				: { container: reader.user, path: target.path },
		engine: { name: 'docker', version: packageVersion },
		census,
		warnings: [...leftovers, ...warnings],
		encryptionKey: encryptionKeySeen ? 'found' : missing,
	};
}

/** It may be what lies below a tmpfs, which the engine does not see; nobody can tell. */
function emptyWarnings(target: DockerVolumeTarget, isEmptyDirectory: boolean): string[] {
	if (!isEmptyDirectory || !('path' in target)) return [];
	return [
		`${target.path} is an empty directory as far as the engine sees it. ` +
			'If the container keeps something there, it lies on a tmpfs, which the engine cannot read: the archive lacks it.',
	];
}

function databaseWarnings(databases: string[], writers: string[]): string[] {
	if (databases.length === 0 || writers.length === 0) return [];
	return [
		`SQLite databases were copied byte by byte while ${writers.join(', ')} may have written to them, so the copies may be damaged: ${databases.join(', ')}. ` +
			'Have those containers paused while the volume is archived, or archive it by the built-in engine.',
	];
}
