import { Readable } from 'node:stream';
import { Header, type HeaderData, Pax } from 'tar';
import { BackupError, cancelledError } from '../errors';
import { readArchive } from './archive';
import type { DockerClient } from './client';
import type { Container } from './containers';
import { firstMember } from './firstMember';

/** Whose a file is, and what it permits. */
export interface FileOwner {
	uid: number;
	gid: number;
	/** Permission bits. */
	mode: number;
}

/**
 * Whose a file or a directory in a container is; the container does not have to run.
 *
 * @throws BackupError `not-found`
 */
export async function readOwner(
	client: DockerClient,
	container: Pick<Container, 'id' | 'name'>,
	path: string,
	signal: AbortSignal,
): Promise<FileOwner> {
	const archive = await readArchive(client, container, path, signal);
	try {
		const { uid, gid, mode } = await firstMember(archive);
		return { uid, gid, mode };
	} catch (error) {
		throw signal.aborted ? cancelledError(signal.reason) : noAnswer(error, { container, path });
	} finally {
		archive.destroy();
	}
}

interface Place {
	container: Pick<Container, 'name'>;
	path: string;
}

function noAnswer(error: unknown, { container: { name }, path }: Place): BackupError {
	return new BackupError('incomplete', `The Docker Engine answered nothing about ${path} in ${name}`, {
		advice: 'See whether the engine or a proxy before it was stopped, then run it again',
		cause: error,
	});
}

/** A file to put into a container. */
export interface NewFile {
	/** Path, relative to the directory that it is put into. */
	name: string;
	owner: FileOwner;
	/** Exactly as many bytes as `open` gives. */
	size: number;
	open: () => Readable | Promise<Readable>;
}

/**
 * The files, in this order, as a tar for `writeArchive`. Each is opened when the one before it is through. It fails
 * with what a file fails with, or a BackupError `incomplete` when one has more or fewer bytes than it was to have.
 */
export function packFiles(files: NewFile[]): Readable {
	return Readable.from(tarOf(files), { objectMode: false });
}

async function* tarOf(files: NewFile[]): AsyncGenerator<Buffer> {
	for (const file of files) {
		const { name, owner, size } = file;
		yield* headersOf({ path: name, type: 'File', size, ...owner });
		yield* contentOf(file);
		yield Buffer.alloc(-size & (blockBytes - 1));
	}
	yield endMark;
}

const blockBytes = 512;

/** Two blocks of zeros. */
const endMark = Buffer.alloc(2 * blockBytes);

/** A header, behind a pax header for what has no room in it: a long name, a size beyond 8 GB. */
function* headersOf(facts: HeaderData): Generator<Buffer> {
	const header = new Header({ mtime: new Date(), ...facts });
	const needsPax = header.encode();
	if (needsPax) yield new Pax(facts).encode();
	yield header.block!;
}

async function* contentOf({ name, size, open }: NewFile): AsyncGenerator<Buffer> {
	let seen = 0;
	for await (const piece of (await open()) as AsyncIterable<Buffer>) {
		seen += piece.length;
		if (seen > size) throw anotherSize(name, size);
		yield piece;
	}
	if (seen < size) throw anotherSize(name, size);
}

function anotherSize(name: string, size: number): BackupError {
	return new BackupError('incomplete', `${name} does not have the ${size} bytes that it had a moment ago`, {
		advice: 'See that nothing writes to the backup meanwhile, then run it again',
	});
}

/** A file that is there already gets another name as well. */
export interface NewLink {
	/** Relative to the directory that it is put into, as `target` is. What has this name is replaced. */
	name: string;
	target: string;
	owner: FileOwner;
}

/** As a tar for `writeArchive`: so short that it reaches the engine as a whole or not at all. */
export function packLink({ name, target, owner }: NewLink): Readable {
	const headers = headersOf({ path: name, type: 'Link', linkpath: target, size: 0, ...owner });
	return Readable.from([Buffer.concat([...headers, endMark])], { objectMode: false });
}
