import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
	type Container,
	type DockerClient,
	type FileOwner,
	type NewFile,
	packFiles,
	packLink,
	readContainerFile,
	readOwner,
	runExec,
	writeArchive,
} from '../../docker';
import { BackupError, errorMessage } from '../../errors';
import type { RedisCommands } from '../protocol/client';
import { describeServer } from '../connection';
import { readSetting } from '../serverSettings';
import { rdbPathOf } from '../snapshot/localSnapshot';
import { nextAppendOnlySet } from './appendOnlySet';

/** Where a server in a container keeps its data, inside that container. */
export interface ServerFiles {
	rdbPath: string;
	/** Undefined where the server writes no append-only file. */
	appendOnly?: { directory: string; fileName: string };
}

/**
 * Asks the running server for its files.
 *
 * @throws BackupError `unsupported` for an append-only file of before Redis 7
 */
export async function learnFiles(redis: RedisCommands): Promise<ServerFiles> {
	const rdbPath = await rdbPathOf(redis);
	if ((await readSetting(redis, 'appendonly')) !== 'yes') return { rdbPath };
	const directory = await readSetting(redis, 'appenddirname');
	const fileName = await readSetting(redis, 'appendfilename');
	if (!directory || !fileName) {
		const server = describeServer(redis.connection);
		throw new BackupError(
			'unsupported',
			`${server} loads its append-only file when it starts, which can hold a restored RDB only since Redis 7`,
			{ advice: 'Restore by the built-in engine, which works with such a file' },
		);
	}
	return { rdbPath, appendOnly: { directory: posix.join(posix.dirname(rdbPath), directory), fileName } };
}

export interface RdbFile {
	open: () => Readable | Promise<Readable>;
	bytes: number;
}

/**
 * Puts an RDB where the server, which does not run now, looks when it starts: as its RDB file and, where it writes
 * an append-only file, as the base of that one. Both, so that it does not matter with which of them it starts.
 */
export async function putRdb(
	client: DockerClient,
	container: Container,
	{ rdbPath, appendOnly }: ServerFiles,
	{ open, bytes: size }: RdbFile,
	signal: AbortSignal,
): Promise<void> {
	const directory = posix.dirname(rdbPath);
	const name = posix.basename(rdbPath);
	const owner = await ownerOfFile(client, container, rdbPath, signal);
	const put = async (path: string, files: NewFile[]) =>
		await writeArchive(client, container, path, packFiles(files), signal);
	// A crash while it is sent leaves what the server had before.
	const target = partialName(name);
	await put(directory, [{ name: target, owner, size, open }]);
	await writeArchive(client, container, directory, packLink({ name, target, owner }), signal);
	if (!appendOnly) return;

	const manifestName = `${appendOnly.fileName}.manifest`;
	const manifestPath = posix.join(appendOnly.directory, manifestName);
	const before = await readContainerFile(client, container, manifestPath, signal);
	const next = nextAppendOnlySet(appendOnly.fileName, await text(before.stream));
	const manifest = Buffer.from(next.manifest);
	const ownerHere = await readOwner(client, container, manifestPath, signal);
	await put(appendOnly.directory, [
		{ name: next.base, owner: ownerHere, size, open },
		{ name: next.increment, owner: ownerHere, size: 0, open: () => Readable.from([]) },
		// Last: until then, the old one holds.
		{ name: manifestName, owner: ownerHere, size: manifest.length, open: () => Readable.from([manifest]) },
	]);
}

function partialName(name: string): string {
	return `.${name}.restoring`;
}

/**
 * Removes the name under which {@link putRdb} has sent the RDB; the server runs. What is left of a restore that
 * crashed goes as well.
 *
 * @returns a warning where it is still there
 */
export async function removePartial(
	client: DockerClient,
	container: Container,
	{ rdbPath }: ServerFiles,
	signal: AbortSignal,
): Promise<string[]> {
	const path = posix.join(posix.dirname(rdbPath), partialName(posix.basename(rdbPath)));
	try {
		const { exitCode, stdout, stderr } = await runExec(
			client,
			{ container, argv: ['rm', '-f', path] },
			signal,
		);
		if (exitCode === 0) return [];
		return [`${path} in ${container.name} could not be removed: ${(stderr || stdout).trim()}`];
	} catch (error) {
		return [`${path} in ${container.name} could not be removed: ${errorMessage(error)}`];
	}
}

/** A server that has never saved has no file yet; its directory says whose it will be. */
async function ownerOfFile(
	client: DockerClient,
	container: Container,
	path: string,
	signal: AbortSignal,
): Promise<FileOwner> {
	try {
		return await readOwner(client, container, path, signal);
	} catch (error) {
		if (!(error instanceof BackupError) || error.code !== 'not-found') throw error;
		const directory = await readOwner(client, container, posix.dirname(path), signal);
		return { ...directory, mode: 0o644 };
	}
}
