import { type BigIntStats, lstatSync, readlinkSync, statSync } from 'node:fs';
import type { TarCensus } from '../../artifact/manifest';
import { errorCode } from '../../errors';
import { endOfArchive } from '../tar/encodeHeader';
import { displayPath, type MemberType, noBytes, type TarMember } from '../tar/member';
import type { ChunkWriter } from './chunkWriter';
import { compileExclusion } from './exclusion';
import { FilePacker } from './filePacker';
import { type CopyElsewhere, ScratchCopies } from './scratchCopies';
import { unreadable } from './unreadable';
import { hasVanished, identityOf, type TreeEntry, walkTree } from './walkTree';
import { writeMember } from './writeMember';

/** Plain values only: it is handed to another thread. */
export interface PackOptions {
	directory: string;
	/** Patterns as `compileExclusion` reads them. */
	exclude: readonly string[];
	/** Directories that are left out wherever they lie in the tree; those that do not exist are ignored. */
	leaveOut: readonly string[];
	/** Directories for copies of databases, in the order of preference; the first that serves is made. */
	scratch: readonly string[];
}

export interface PackReport {
	census: TarCensus;
	warnings: string[];
	encryptionKeySeen: boolean;
}

/**
 * Writes a directory as a tar. The archive is whole whatever happens to the tree meanwhile: a file that shrinks
 * is filled up with zeros, one that grows is cut, both at the size they began with, and the census names them.
 *
 * @param copyElsewhere copies what must not be opened in this process
 * @throws BackupError when something in the tree cannot be read, or a database cannot be captured
 */
export async function packTree(
	options: PackOptions,
	output: ChunkWriter,
	copyElsewhere: CopyElsewhere,
): Promise<PackReport> {
	const census: TarCensus = {
		kind: 'tar',
		entries: 0,
		bytes: 0,
		skipped: 0,
		changed: [],
		vanished: [],
		sqlite: [],
	};
	const vanish = (path: Buffer) => void census.vanished.push(displayPath(path));
	const copies = new ScratchCopies(options.scratch, copyElsewhere);
	const files = new FilePacker({ output, census, copies });
	const tree = walkTree({
		root: Buffer.from(options.directory),
		isExcluded: compileExclusion(options.exclude),
		leftOut: identitiesOf(options.leaveOut),
		onVanished: vanish,
	});

	for (const entry of tree) {
		switch (entry.kind) {
			case 'file':
				await files.pack(entry);
				break;
			case 'directory':
				writeMember(output, census, directoryMember(entry));
				break;
			case 'symbolic-link': {
				const link = linkMember(entry);
				if (link) writeMember(output, census, link);
				else vanish(entry.path);
				break;
			}
			case 'other':
				census.skipped++;
		}
	}
	output.write(endOfArchive(output.writtenBytes));
	output.flush();
	return { census, warnings: files.warnings, encryptionKeySeen: files.encryptionKeySeen };
}

function directoryMember({ path, location, stats }: TreeEntry): TarMember {
	const found = stats ?? lstatSync(location, { bigint: true });
	return member('directory', Buffer.concat([path.length ? path : Buffer.from('.'), Buffer.from('/')]), found);
}

function linkMember({ path, location }: TreeEntry): TarMember | undefined {
	try {
		const target = readlinkSync(location, { encoding: 'buffer' });
		return { ...member('symbolic-link', path, lstatSync(location, { bigint: true })), linkPath: target };
	} catch (error) {
		// EINVAL: something else took its place.
		if (hasVanished(error) || errorCode(error) === 'EINVAL') return undefined;
		throw unreadable(error, location);
	}
}

function member(type: MemberType, path: Buffer, stats: BigIntStats): TarMember {
	return {
		type,
		path,
		linkPath: noBytes,
		size: 0,
		mode: Number(stats.mode) & 0o7777,
		uid: Number(stats.uid),
		gid: Number(stats.gid),
		mtime: Number(stats.mtimeNs / 1_000_000_000n),
	};
}

function identitiesOf(directories: readonly string[]): Set<string> {
	const identities = new Set<string>();
	for (const directory of directories) {
		const stats = statSync(directory, { bigint: true, throwIfNoEntry: false });
		if (stats) identities.add(identityOf(stats));
	}
	return identities;
}
