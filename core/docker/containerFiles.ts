import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';
import { BackupError } from '../errors';
import { readArchive } from './archive';
import type { DockerClient } from './client';
import type { Container } from './containers';

/** Whose a file is, and what it permits. */
export interface FileOwner {
	uid: number;
	gid: number;
	/** Permission bits. */
	mode: number;
}

/**
 * Whose a file or a directory in a container is; the container need not run.
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
	const unpacking = extract();
	pipeline(archive, unpacking).catch(() => {
		// It is destroyed below, after its first member.
	});
	try {
		for await (const { header } of unpacking) {
			const { uid = 0, gid = 0, mode = 0o644 } = header;
			return { uid, gid, mode };
		}
	} finally {
		archive.destroy();
	}
	throw new BackupError(
		'incomplete',
		`The Docker Engine answered nothing about ${path} in ${container.name}`,
		{
			advice: 'See whether the engine or a proxy before it was stopped, then run it again',
		},
	);
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

/** The files, in this order, as a tar for `writeArchive`. Each is opened when the one before it is through. */
export function packFiles(files: NewFile[]): Readable {
	const tar = pack();
	const packAll = async () => {
		for (const { name, owner, size, open } of files) {
			await pipeline(await open(), tar.entry({ name, size, ...owner }));
		}
		tar.finalize();
	};
	packAll().catch((error: Error) => tar.destroy(error));
	return Readable.from(tar, { objectMode: false });
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
	const tar = pack();
	tar.entry({ name, type: 'link', linkname: target, size: 0, ...owner });
	tar.finalize();
	return Readable.from(tar, { objectMode: false });
}
