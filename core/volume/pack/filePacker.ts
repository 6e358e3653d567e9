import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { TarCensus } from '../../artifact/manifest';
import { isConfigMember, keyFromConfig } from '../../n8n/encryptionKey';
import { headerBytes } from '../../tar/encodeHeader';
import type { Examination } from '../sqlite/examineDatabase';
import { companionSuffixes, hasValidHeader, isDatabase, smallestDatabaseBytes } from '../sqlite/fileFormat';
import { displayPath, noBytes, paddingOf, type TarMember } from '../../tar/member';
import type { ChunkWriter } from './chunkWriter';
import { type ModifiedAt, modifiedAt, modifiedAtOf } from './modifiedAt';
import { openFlags, openTreeFile } from './openTreeFile';
import { OpenFiles } from './openFiles';
import type { PackNotes } from './packNotes';
import { identityOf } from './place';
import type { ScratchCopies, ScratchCopy } from './scratchCopies';
import { unreadable } from './unreadable';
import { pathInTree, type TreeEntry } from './walkTree';
import { writeMember } from './writeMember';

interface FilePackerOptions {
	output: ChunkWriter;
	census: TarCensus;
	notes: PackNotes;
	/** The tree's own directory, to name files by. */
	root: Buffer;
	copies: ScratchCopies;
}

/** Writes a tree's files into the archive: contents, hard links and databases. */
export class FilePacker {
	encryptionKeySeen = false;
	readonly #output: ChunkWriter;
	readonly #census: TarCensus;
	readonly #notes: PackNotes;
	readonly #root: Buffer;
	readonly #copies: ScratchCopies;
	readonly #openHere = new OpenFiles();
	/** Files with several names: what they are to the file system -> the name they are archived under. */
	readonly #firstNames = new Map<string, Buffer>();
	/** Paths beside captured databases whose content is in the copy already. */
	readonly #companions = new Set<string>();

	constructor({ output, census, notes, root, copies }: FilePackerOptions) {
		this.#output = output;
		this.#census = census;
		this.#notes = notes;
		this.#root = root;
		this.#copies = copies;
	}

	/** @throws BackupError when the file is there but cannot be read. */
	async pack(entry: TreeEntry): Promise<void> {
		if (this.#companions.size > 0 && this.#companions.has(entry.path.toString('latin1'))) return;
		// Closing one of these would take locks away from n8n.
		if (this.#openHere.mayLieIn(entry.directory) && this.#openHere.has(entry.location)) {
			await this.#packElsewhere(entry);
			return;
		}
		const shown = () => pathInTree(this.#root, entry.path);
		const file = openTreeFile(entry.location, shown);
		if (file === undefined) {
			this.#census.vanished.push(displayPath(entry.path));
			return;
		}
		const { descriptor, stats } = file;
		try {
			if (stats.nlink === 1 || !this.#packAsLink(entry, fstatSync(descriptor, { bigint: true }))) {
				await this.#packContent(entry, descriptor, stats);
			}
		} catch (error) {
			throw unreadable(error, shown());
		} finally {
			closeSync(descriptor);
		}
	}

	/** A further name of a file that is in the archive already. Inode numbers need all of their 64 bits. */
	#packAsLink({ path }: TreeEntry, stats: BigIntStats): boolean {
		const identity = identityOf(stats);
		const firstName = this.#firstNames.get(identity);
		if (!firstName) {
			this.#firstNames.set(identity, path);
			return false;
		}
		const link = this.#fileMember(path, stats, modifiedAt(stats));
		writeMember(this.#output, this.#census, { ...link, type: 'hard-link', size: 0, linkPath: firstName });
		return true;
	}

	async #packContent(entry: TreeEntry, descriptor: number, stats: Stats): Promise<void> {
		const member = this.#fileMember(entry.path, stats, modifiedAtOf(stats, descriptor));
		const head = this.#readHead(member, descriptor);
		if (isDatabase(head)) {
			if (hasValidHeader(head)) {
				await this.#packCopy(entry, member);
				return;
			}
			this.#notes.warn(noDatabase(entry.path));
		}
		this.#writeFile(member, descriptor, stats, head.length);
	}

	async #packElsewhere(entry: TreeEntry): Promise<void> {
		const stats = lstatSync(entry.location, { bigint: true, throwIfNoEntry: false });
		if (!stats?.isFile()) this.#census.vanished.push(displayPath(entry.path));
		else if (stats.nlink === 1n || !this.#packAsLink(entry, stats)) {
			await this.#packCopy(entry, this.#fileMember(entry.path, stats, modifiedAt(stats)));
		}
	}

	/** Packs what another process makes of the file: a consistent copy, where it is a database. */
	async #packCopy(entry: TreeEntry, original: TarMember): Promise<void> {
		const path = displayPath(entry.path);
		const copy = await this.#copies.make(entry.location);
		try {
			const { copied } = copy;
			if (copied.kind === 'vanished') {
				this.#census.vanished.push(path);
				return;
			}
			if (copied.kind === 'database') this.#noteDatabase(entry.path, copied.examination);
			else if (copied.hasChanged) this.#census.changed.push(path);
			this.#writeCopy(original, copy);
		} finally {
			await this.#copies.remove(copy);
		}
	}

	#writeCopy(original: TarMember, { path }: ScratchCopy): void {
		const descriptor = openSync(path, openFlags);
		try {
			const stats = fstatSync(descriptor);
			const member = { ...original, size: stats.size };
			const head = this.#readHead(member, descriptor);
			this.#writeFile(member, descriptor, stats, head.length);
		} finally {
			closeSync(descriptor);
		}
	}

	#noteDatabase(path: Buffer, { uncheckedReason, ...found }: Examination): void {
		const shown = displayPath(path);
		this.#census.sqlite.push(shown);
		(this.#census.databases ??= []).push({ path: shown, ...found });
		for (const suffix of companionSuffixes) this.#companions.add(`${path.toString('latin1')}${suffix}`);
		if (uncheckedReason !== undefined) {
			this.#notes.warn(`${shown} was captured consistently, but could not be checked: ${uncheckedReason}.`);
		}
	}

	#fileMember(path: Buffer, stats: Stats | BigIntStats, { mtime, isClamped }: ModifiedAt): TarMember {
		if (isClamped) this.#notes.clampedTime(path);
		return {
			type: 'file',
			path,
			linkPath: noBytes,
			size: Number(stats.size),
			mode: Number(stats.mode) & 0o7777,
			uid: Number(stats.uid),
			gid: Number(stats.gid),
			mtime,
		};
	}

	/**
	 * Reads as much of the file as fits into the chunk to where it will be once the header stands before it, which
	 * is all of most files. What it is can be seen before anything is written. One byte more than the file should
	 * have is asked for: that tells of growth without another call.
	 */
	#readHead(member: TarMember, descriptor: number): Buffer {
		const header = headerBytes(member);
		this.#output.reserve(header + Math.min(member.size, bytesInOnePiece(member)));
		const { chunk, position, room } = this.#output;
		const start = position + header;
		const read = readSync(descriptor, chunk, start, Math.min(member.size + 1, room - header), 0);
		return chunk.subarray(start, start + read);
	}

	/** @param headBytes how many bytes {@link #readHead} has put into place */
	#writeFile(member: TarMember, descriptor: number, before: Stats, headBytes: number): void {
		const output = this.#output;
		const { path, size } = member;
		const isReadAtOnce = output.room - headerBytes(member) > size;
		writeMember(output, this.#census, member);
		if (isConfigMember(member)) {
			const text = output.chunk.toString('utf8', output.position, output.position + headBytes);
			this.encryptionKeySeen ||= keyFromConfig(text) !== undefined;
		}
		let readBytes = Math.min(headBytes, size);
		output.advance(readBytes);
		if (!isReadAtOnce) readBytes += this.#copyRest(descriptor, readBytes, size);
		output.writeZeros(size - readBytes + paddingOf(size));
		const hasChanged = isReadAtOnce ? headBytes !== size : isOther(before, fstatSync(descriptor));
		if (hasChanged || readBytes < size) this.#census.changed.push(displayPath(path));
	}

	/** @returns how many bytes there were from `start` to `end`; fewer than asked for when the file has shrunk. */
	#copyRest(descriptor: number, start: number, end: number): number {
		const output = this.#output;
		let at = start;
		while (at < end) {
			if (output.room === 0) output.flush();
			const read = readSync(descriptor, output.chunk, output.position, Math.min(end - at, output.room), at);
			if (read === 0) break;
			output.advance(read);
			at += read;
		}
		return at - start;
	}
}

/** How much of a file must lie in one piece for {@link FilePacker} to look into it. */
function bytesInOnePiece({ path, size }: TarMember): number {
	return isConfigMember({ path, size }) ? size : smallestDatabaseBytes;
}

/** The mtime tells of content; the ctime would also tell of a rename or another hard link. */
function isOther(before: Stats, after: Stats): boolean {
	return before.size !== after.size || before.mtimeMs !== after.mtimeMs;
}

function noDatabase(path: Buffer): string {
	return (
		`${displayPath(path)} begins like an SQLite database, but its header is none that SQLite writes, ` +
		'so it was copied as it is.'
	);
}
