import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import type { TarCensus } from '../../artifact/manifest';
import { BackupError, errorCode } from '../../errors';
import { endOfArchive } from '../../tar/encodeHeader';
import { displayPath, type MemberType, noBytes, type TarMember } from '../../tar/member';
import type { ChunkWriter } from './chunkWriter';
import { compileExclusion } from './exclusion';
import { FilePacker } from './filePacker';
import { modifiedAt } from './modifiedAt';
import { PackNotes } from './packNotes';
import { placeOf } from './place';
import { type CopyElsewhere, ScratchCopies } from './scratchCopies';
import { unreadable } from './unreadable';
import { hasVanished, pathInTree, type TreeEntry, walkTree } from './walkTree';
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
	const root = Buffer.from(options.directory);
	const notes = new PackNotes();
	const copies = new ScratchCopies(options.scratch, copyElsewhere);
	const files = new FilePacker({ output, census, notes, root, copies });
	let leftOut = 0;
	const tree = walkTree({
		root,
		isExcluded: compileExclusion(options.exclude),
		leftOut: options.leaveOut.flatMap((directory) => placeOf(directory) ?? []),
		onVanished: vanish,
		onLeftOut: () => void leftOut++,
		onLookalike: (path) => notes.lookalike(path),
		onSystem: () => void census.skipped++,
	});

	for (const entry of tree) {
		switch (entry.kind) {
			case 'file':
				notes.look(entry);
				await files.pack(entry);
				break;
			case 'directory':
				writeMember(output, census, directoryMember(entry, notes));
				break;
			case 'symbolic-link': {
				const link = linkMember(entry, root, notes);
				if (link) writeMember(output, census, link);
				else vanish(entry.path);
				break;
			}
			case 'other':
				census.skipped++;
		}
	}
	assertNotEmptied(options.directory, census, leftOut);
	output.write(endOfArchive(output.writtenBytes));
	output.flush();
	return { census, warnings: notes.warnings(), encryptionKeySeen: files.encryptionKeySeen };
}

function directoryMember({ path, location, stats }: TreeEntry, notes: PackNotes): TarMember {
	const found = stats ?? lstatSync(location, { bigint: true });
	const name = Buffer.concat([path.length ? path : Buffer.from('.'), Buffer.from('/')]);
	return member('directory', name, found, notes);
}

function linkMember({ path, location }: TreeEntry, root: Buffer, notes: PackNotes): TarMember | undefined {
	try {
		const target = readlinkSync(location, { encoding: 'buffer' });
		const stats = lstatSync(location, { bigint: true });
		return { ...member('symbolic-link', path, stats, notes), linkPath: target };
	} catch (error) {
		// EINVAL: something else took its place.
		if (hasVanished(error) || errorCode(error) === 'EINVAL') return undefined;
		throw unreadable(error, pathInTree(root, path));
	}
}

function member(type: MemberType, path: Buffer, stats: BigIntStats, notes: PackNotes): TarMember {
	const { mtime, isClamped } = modifiedAt(stats);
	if (isClamped) notes.clampedTime(path);
	const { mode, uid, gid } = stats;
	return {
		type,
		path,
		linkPath: noBytes,
		size: 0,
		mode: Number(mode) & 0o7777,
		uid: Number(uid),
		gid: Number(gid),
		mtime,
	};
}

/** What cannot be stored (sockets, pipes, devices) is no loss; everything else that is not there would be. */
function assertNotEmptied(directory: string, { entries, vanished }: TarCensus, leftOut: number): void {
	const rootAlone = 1;
	if (entries > rootAlone || leftOut + vanished.length === 0) return;
	const why =
		vanished.length > 0
			? 'vanished while it was read'
			: 'is excluded by a pattern or is the backup directory';
	throw new BackupError(
		'incomplete',
		`Nothing of ${directory} would be in the archive: all that it holds ${why}`,
		{
			advice: 'Correct the patterns, or choose the directory that holds the data',
		},
	);
}
