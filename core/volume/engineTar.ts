import { Transform, type TransformCallback } from 'node:stream';
import type { TarCensus } from '../artifact/manifest';
import { BackupError } from '../errors';
import { isScratchName } from '../files/scratchNames';
import { KeyWatch } from '../n8n/encryptionKey';
import { isDatabase, smallestDatabaseBytes } from './sqlite/fileFormat';
import { folderOf, isServerMark, isVersionMark } from './postgresFolder';
import { blockBytes, displayPath, noBytes, paddingOf, type TarMember } from '../tar/member';
import { TarScanner } from '../tar/tarScanner';

/** ext4 makes it at the top of every disk. */
const recoveryDirectory = /^(?:\.\/)?lost\+found\/?$/;

/** A range of bytes of the archive; the end is the first byte after it. */
interface Range {
	start: number;
	end: number;
}

/**
 * Passes on a tar that a container engine wrote, without its devices and pipes, which restoring would refuse,
 * and counts what it holds. It fails at the end of an archive that was cut off: an engine that stumbles over a
 * file ends its answer as if nothing had happened.
 */
export class EngineTarStream extends Transform {
	readonly census: TarCensus = {
		kind: 'tar',
		entries: 0,
		bytes: 0,
		skipped: 0,
		changed: [],
		vanished: [],
		sqlite: [],
	};
	/** SQLite databases, copied as they lay. */
	readonly databases: string[] = [];

	/** Folders that hold a running PostgreSQL server's mark, and those that hold a data folder's. */
	readonly #serverFolders: string[] = [];
	readonly #versionFolders = new Set<string>();
	readonly #scanner = new TarScanner();
	readonly #keys = new KeyWatch();
	readonly #leftOutPaths = new Set<string>();
	#hasContent = false;
	/** Where the next member's headers begin. */
	#nextMember = 0;
	/** Bytes of headers whose member is not known yet. */
	#undecided: Buffer = noBytes;
	#member: TarMember | undefined;
	/** Of the member's content, until there are enough of them to know a database by. */
	#firstBytes: Buffer = noBytes;

	constructor() {
		super({ highWaterMark: 1024 * 1024 });
	}

	/** Data folders of PostgreSQL servers that were running. */
	get serverFolders(): string[] {
		return this.#serverFolders.filter((folder) => this.#versionFolders.has(folder));
	}

	/** Whether there is nothing but the archived directory itself. */
	get isEmptyDirectory(): boolean {
		return !this.#hasContent && this.census.skipped === 0;
	}

	get encryptionKeySeen(): boolean {
		return this.#keys.key !== undefined;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		try {
			const leftOut = this.#scan(chunk);
			const bytes = this.#undecided.length > 0 ? Buffer.concat([this.#undecided, chunk]) : chunk;
			const start = this.#scanner.offset - bytes.length;
			const decided = Math.min(this.#nextMember, this.#scanner.offset);
			for (const piece of without(leftOut, { start, end: decided })) {
				this.push(bytes.subarray(piece.start - start, piece.end - start));
			}
			this.#undecided = bytes.subarray(decided - start);
			callback();
		} catch (error) {
			callback(error as Error);
		}
	}

	override _flush(callback: TransformCallback): void {
		try {
			this.#scanner.end();
			if (this.census.entries === 0) throw nothingInIt();
			callback(null, this.#undecided);
		} catch (error) {
			callback(error as Error);
		}
	}

	/** Where the members are that are left out, as far as their headers end in this chunk. */
	#scan(chunk: Buffer): Range[] {
		const leftOut: Range[] = [];
		for (const event of this.#scanner.scan(chunk)) {
			this.#keys.note(event);
			if (event.kind === 'content') this.#noteContent(event.bytes);
			else if (event.kind === 'member-end') this.#noteEnd();
			else {
				const start = this.#nextMember;
				// The scanner stands in the member's header block.
				const headerEnd = (Math.floor(this.#scanner.offset / blockBytes) + 1) * blockBytes;
				this.#nextMember = headerEnd + event.member.size + paddingOf(event.member.size);
				if (!this.#noteMember(event.member)) leftOut.push({ start, end: this.#nextMember });
			}
		}
		return leftOut;
	}

	/** False for a member that is left out. */
	#noteMember(member: TarMember): boolean {
		const path = member.path.toString('latin1');
		// The disk's own; what fsck has saved in it are members of their own.
		if (member.type === 'directory' && recoveryDirectory.test(path)) return false;
		if (path.split('/').some(isScratchName)) return false;
		const isLeftOut =
			['character-device', 'block-device', 'pipe'].includes(member.type) ||
			(member.type === 'hard-link' && this.#leftOutPaths.has(member.linkPath.toString('latin1')));
		if (isLeftOut) {
			this.#leftOutPaths.add(path);
			this.census.skipped++;
			return false;
		}
		if (isServerMark(member.path)) this.#serverFolders.push(folderIn(member.path));
		else if (isVersionMark(member.path)) this.#versionFolders.add(folderIn(member.path));
		this.#hasContent ||= member.type !== 'directory' || !/^(?:\.?\/)*\.?$/.test(path);
		this.census.entries++;
		this.census.bytes += member.size;
		this.#member = member;
		this.#firstBytes = noBytes;
		return true;
	}

	#noteContent(bytes: Buffer): void {
		if (this.#firstBytes.length < smallestDatabaseBytes) {
			this.#firstBytes = Buffer.concat([this.#firstBytes, bytes.subarray(0, smallestDatabaseBytes)]);
		}
	}

	#noteEnd(): void {
		if (this.#member && isDatabase(this.#firstBytes)) {
			this.databases.push(displayPath(this.#member.path).replace(/^\.\//, ''));
		}
		this.#member = undefined;
		this.#firstBytes = noBytes;
	}
}

function folderIn(path: Buffer): string {
	return displayPath(folderOf(path)).replace(/^\.\//, '');
}

function nothingInIt(): BackupError {
	return new BackupError(
		'incomplete',
		'The Docker Engine gave an archive with nothing in it that could be kept',
		{
			advice: 'Choose a directory or a file; a device, a pipe or a socket cannot be archived',
		},
	);
}

/** What is left of a range without those in it; they are in order. */
function* without(leftOut: Range[], { start, end }: Range): Generator<Range> {
	let at = start;
	for (const hole of leftOut) {
		if (hole.start > at) yield { start: at, end: hole.start };
		at = hole.end;
	}
	if (at < end) yield { start: at, end };
}
