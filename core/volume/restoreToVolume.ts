import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CompressionMethod } from '../compression/compression';
import type { OnProgress } from '../artifact/source';
import { readArtifact } from '../artifact/readArtifact';
import type { DecryptionKeys } from '../encryption';
import {
	connectDocker,
	type Container,
	type DockerClient,
	assertWritable,
	type DockerConnection,
	findVolume,
	type Held,
	holdStill,
	readArchive,
	readOwner,
	recoverLeftovers,
	type Volume,
	writeArchive,
} from '../docker';
import { BackupError, cancelledError, errorMessage } from '../errors';
import { systemPathBytes } from '../files/longPath';
import { inspectArchive } from './inspectArchive';
import { notOurs } from './restoreArchive';
import { sniffCompression } from './sniffCompression';
import { TarScanner } from '../tar/tarScanner';
import { type CheckedArchive, checkArchive } from './unpack/checkArchive';
import { twoStorages } from './unpack/mergeTree';
import { rewriteArchive } from './unpack/rewriteArchive';
import type { ExpectedArchive } from './expectedArchive';
import type { UnpackReport } from './unpack/unpackArchive';

export interface RestoreToVolumeOptions {
	artifactPath: string;
	/** Told by the file's first bytes when undefined. */
	compression?: CompressionMethod;
	/** For an archive that is encrypted. */
	keys?: DecryptionKeys;
	/** Name of a volume that exists. */
	volume: string;
	/** Restore into a volume that holds something: files of the same name are replaced. False by default. */
	overwrite?: boolean;
	/** Restore symbolic links that point out of the archived directory instead of refusing. False by default. */
	allowOutsideLinks?: boolean;
	/** Containers to stop meanwhile, by name, id or Compose service. */
	stop?: string[];
	/** The most that it may unpack to, in bytes, its headers included. Undefined: no such limit. */
	mostBytes?: number;
	/** What the manifest says, to be compared before anything is restored. */
	expected?: ExpectedArchive;
}

export interface VolumeRestoreReport extends UnpackReport {
	warnings: string[];
}

/** The volume's place in the helper container, directly below its root; no image has such a directory. */
const mountName = 'n8n-backup-volume';
const mountPoint = `/${mountName}`;

/** The engine extracts by whole paths, with a zero byte at the end. */
const longestPath = systemPathBytes - 1 - `${mountPoint}/`.length;

/**
 * Restores an archive into a named volume with links, permissions, times and owners, those of the volume's own
 * directory included: through a helper container that mounts it, is never started, and is removed whatever happens.
 *
 * The archive is read to its end before the volume is touched. What fails after that can leave a part of
 * it in the volume, which the error then says; the engine has no call to remove files.
 *
 * @throws BackupError `exists` when the volume is not empty, or holds the leftovers of a database that would be
 * replaced, or n8n's storage under its other name; `not-found` for the volume; others as `restoreArchive`
 */
export async function restoreToVolume(
	connection: DockerConnection,
	options: RestoreToVolumeOptions,
	signal: AbortSignal,
	onProgress?: OnProgress,
): Promise<VolumeRestoreReport> {
	const { artifactPath, keys, allowOutsideLinks = false, overwrite = false, mostBytes, expected } = options;
	const compression = options.compression ?? (await sniffCompression(artifactPath, { keys }));
	const checked = await checkArchive(
		{
			artifactPath,
			compression,
			keys,
			allowOutsideLinks,
			longestPath,
			mostBytes,
			expected,
			onBytes: (rawBytes) => onProgress?.({ rawBytes, step: `Checking ${artifactPath}` }),
		},
		signal,
	);
	const client = await connectDocker(connection);
	const leftovers = await recoverLeftovers(client, signal);
	const volume = await findVolume(client, options.volume, signal);
	const held = await holdStill(client, { containers: options.stop ?? [], how: 'stop' }, signal);
	try {
		const helper = await held.lease.createWriter({ name: volume.name, mountPoint });
		const target: MountedVolume = { client, helper, volume: volume.name };
		await assertWritable(client, helper, '/', signal);
		if (overwrite) await assertNothingForeign(target, checked, signal);
		else await assertEmpty(target, signal);
		const onBytes = (rawBytes: number) => onProgress?.({ rawBytes, step: `Restoring ${volume.name}` });
		await extract(target, { artifactPath, compression, keys, checked, onBytes }, signal);
		await assertRestored(target, checked, overwrite, signal);
		const { entries, bytes } = checked;
		return { entries, bytes, warnings: [...leftovers, ...userWarnings(volume, held)] };
	} finally {
		await held.release();
	}
}

/** A volume, seen through a container that was made for it. */
interface MountedVolume {
	client: DockerClient;
	helper: Pick<Container, 'id' | 'name'>;
	volume: string;
}

async function assertEmpty({ client, helper, volume }: MountedVolume, signal: AbortSignal): Promise<void> {
	const listing = await readArchive(client, helper, mountPoint, signal);
	try {
		const scanner = new TarScanner();
		for await (const chunk of listing as AsyncIterable<Buffer>) {
			for (const event of scanner.scan(chunk)) {
				if (event.kind !== 'member') continue;
				const name = event.member.path.toString().replace(/^\.?\/|\/$/g, '');
				if (name === '' || name === '.' || notOurs.includes(name)) continue;
				throw new BackupError('exists', `The volume ${volume} is not empty: it holds ${name}`, {
					advice: 'Choose an empty volume, or allow overwriting; nothing was changed',
				});
			}
		}
		scanner.end();
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : error;
	} finally {
		listing.destroy();
	}
}

/**
 * A write-ahead log left by the database that is there would be replayed into the restored one and ruin it; with n8n's
 * storage under both of its names n8n would not start.
 */
async function assertNothingForeign(
	target: MountedVolume,
	{ foreignCompanions, rivalStorage }: CheckedArchive,
	signal: AbortSignal,
): Promise<void> {
	const { volume } = target;
	for (const latin1 of foreignCompanions) {
		const path = Buffer.from(latin1, 'latin1').toString();
		if (!(await isThere(target, path, signal))) continue;
		throw new BackupError('exists', `${path} in the volume ${volume} belongs to a database to be replaced`, {
			advice:
				'Stop the container that uses it, remove that file if it stays, and run this again; nothing was changed',
		});
	}
	if (rivalStorage !== undefined && (await isThere(target, rivalStorage, signal)))
		throw twoStorages(`${rivalStorage} in the volume ${volume}`);
}

async function isThere(
	{ client, helper }: MountedVolume,
	path: string,
	signal: AbortSignal,
): Promise<boolean> {
	try {
		await readOwner(client, helper, `${mountPoint}/${path}`, signal);
		return true;
	} catch (error) {
		if (error instanceof BackupError && error.code === 'not-found') return false;
		throw error;
	}
}

interface Extraction {
	artifactPath: string;
	compression: CompressionMethod;
	keys: DecryptionKeys | undefined;
	checked: CheckedArchive;
	onBytes: (rawBytes: number) => void;
}

async function extract(
	{ client, helper, volume }: MountedVolume,
	{ artifactPath, compression, keys, checked, onBytes }: Extraction,
	signal: AbortSignal,
): Promise<void> {
	const tar = new PassThrough({ highWaterMark: 1024 * 1024 });
	const send = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		await pipeline(raw, (source) => rewriteArchive(source, mountName), tar, { signal });
	};
	const reading = readArtifact({ path: artifactPath, compression, keys, onBytes }, send, signal);
	reading.catch((error: unknown) => tar.destroy(error instanceof Error ? error : undefined));
	try {
		// To the directory above the volume's own, which gets its owner and permissions only like this.
		await writeArchive(client, helper, '/', tar, signal);
		const { sha256 } = await reading;
		if (sha256 !== checked.sha256) throw changedMeanwhile(artifactPath);
	} catch (error) {
		await reading.catch(() => {});
		throw partlyRestored(error, volume);
	}
}

function changedMeanwhile(path: string): BackupError {
	return new BackupError('damaged', `${path} changed while it was being restored`, {
		advice: 'See that nothing else writes to it',
	});
}

function partlyRestored(error: unknown, volume: string): BackupError {
	const { code, what } =
		error instanceof BackupError ? error : { code: 'internal' as const, what: `${errorMessage(error)}.` };
	return new BackupError(code, `${what} The volume ${volume} may hold a part of the archive now`, {
		advice: 'Remove that volume and make it anew, or run this again and allow overwriting',
		cause: error,
	});
}

/** Directories are not compared: those above a member may be absent from an archive. */
async function assertRestored(
	{ client, helper, volume }: MountedVolume,
	{ entries, directories, bytes }: CheckedArchive,
	heldMore: boolean,
	signal: AbortSignal,
): Promise<void> {
	const listing = await readArchive(client, helper, mountPoint, signal);
	const found = await inspectArchive(listing as AsyncIterable<Buffer>).catch((error: unknown) => {
		throw signal.aborted ? cancelledError(error) : error;
	});
	const files = entries - directories;
	const foundFiles = found.entries - found.directories;
	const isWhole = heldMore
		? foundFiles >= files && found.bytes >= bytes
		: foundFiles === files && found.bytes === bytes;
	if (isWhole) return;
	throw new BackupError(
		'incomplete',
		`The volume ${volume} holds ${foundFiles} files and links with ${found.bytes} bytes where the archive has ${files} with ${bytes}`,
		{ advice: 'See that no container writes to it meanwhile, then restore it again' },
	);
}

function userWarnings({ users }: Volume, { names }: Held): string[] {
	const running = users.filter(({ state, name }) => state === 'running' && !names.includes(name));
	if (running.length === 0) return [];
	const who = running.map(({ name }) => name).join(', ');
	return [
		`The volume was restored while ${who} used it: restart that, or it may go on with what it had read`,
	];
}
