import {
	chmodSync,
	closeSync,
	fchmodSync,
	fchownSync,
	futimesSync,
	lchownSync,
	linkSync,
	lstatSync,
	lutimesSync,
	mkdirSync,
	openSync,
	symlinkSync,
	utimesSync,
	writeSync,
} from 'node:fs';
import { BackupError, errorCode, fileError } from '../../errors';
import { displayPath, type TarMember } from '../tar/member';
import type { SafeMember } from './memberGuard';

interface ExtractorOptions {
	/** An empty directory. */
	root: string;
	/** Whether files get their owners back, which only root can do. */
	keepOwners: boolean;
}

/**
 * Creates members below a directory that nobody else writes to. Synchronous: it runs in a worker. Never
 * replaces anything: the same path twice in one archive is an error.
 */
export class Extractor {
	readonly #root: Buffer;
	readonly #keepOwners: boolean;
	/** Directories get their permissions and times last: writing into them needs and changes both. */
	readonly #directories: SafeMember[] = [];
	readonly #knownDirectories = new Set<string>(['']);
	#descriptor: number | undefined;

	constructor({ root, keepOwners }: ExtractorOptions) {
		this.#root = Buffer.from(root);
		this.#keepOwners = keepOwners;
	}

	/** Creates a member; of a file, what is to follow is its content and {@link endFile}. */
	create(safe: SafeMember): void {
		const location = locate(this.#root, safe.path);
		try {
			this.#createDirectories(parentOf(safe.path));
			if (safe.member.type === 'file') this.#descriptor = openSync(location, 'wx', 0o600);
			else if (safe.member.type === 'directory') this.#createDirectory(safe);
			else if (safe.member.type === 'hard-link') this.#createHardLink(safe, location);
			else this.#createSymbolicLink(safe.member, location);
		} catch (error) {
			throw explain(error, safe.member, location);
		}
	}

	writeContent(bytes: Buffer): void {
		if (this.#descriptor === undefined) return;
		for (let written = 0; written < bytes.length;) {
			written += writeSync(this.#descriptor, bytes, written);
		}
	}

	/** Closes the file under way, with owner, permissions and time as they were. */
	endFile(member: TarMember): void {
		const descriptor = this.#descriptor;
		if (descriptor === undefined) return;
		this.#descriptor = undefined;
		try {
			if (this.#keepOwners) fchownSync(descriptor, member.uid, member.gid);
			fchmodSync(descriptor, this.#permissions(member));
			futimesSync(descriptor, member.mtime, member.mtime);
		} finally {
			closeSync(descriptor);
		}
	}

	/**
	 * Gives the directories, by now below `root`, their own owners, permissions and times, children before their
	 * parents.
	 */
	finish(root: string): void {
		for (const { path, member } of this.#directories.toReversed()) {
			const location = locate(Buffer.from(root), path);
			if (this.#keepOwners) lchownSync(location, member.uid, member.gid);
			chmodSync(location, this.#permissions(member));
			utimesSync(location, member.mtime, member.mtime);
		}
	}

	/** Without its owner, a file must not give that owner's rights to whoever runs it. */
	#permissions({ mode }: TarMember): number {
		return this.#keepOwners ? mode : mode & 0o777;
	}

	#createDirectories(path: string): void {
		if (this.#knownDirectories.has(path)) return;
		this.#createDirectories(parentOf(path));
		mkdirSync(locate(this.#root, path), { mode: 0o700 });
		this.#knownDirectories.add(path);
	}

	#createDirectory(safe: SafeMember): void {
		this.#createDirectories(safe.path);
		this.#directories.push(safe);
	}

	#createHardLink({ linkPath, member }: SafeMember, location: Buffer): void {
		const target = locate(this.#root, linkPath);
		const found = lstatSync(target, { throwIfNoEntry: false });
		if (!found?.isFile()) {
			throw new BackupError(
				'damaged',
				`The archive’s member ${displayPath(member.path)} is a hard link to ${displayPath(member.linkPath)}, ` +
					'which is no file before it in the archive',
				{ advice: 'Nothing was restored; use another backup' },
			);
		}
		linkSync(target, location);
	}

	#createSymbolicLink(member: TarMember, location: Buffer): void {
		symlinkSync(member.linkPath, location);
		if (this.#keepOwners) lchownSync(location, member.uid, member.gid);
		lutimesSync(location, member.mtime, member.mtime);
	}
}

function locate(root: Buffer, path: string): Buffer {
	return path === '' ? root : Buffer.concat([root, Buffer.from('/'), Buffer.from(path, 'latin1')]);
}

function parentOf(path: string): string {
	return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function explain(error: unknown, member: TarMember, location: Buffer): BackupError {
	if (errorCode(error) !== 'EEXIST' && errorCode(error) !== 'ENOTDIR') {
		return fileError(error, displayPath(location));
	}
	return new BackupError('damaged', `The archive holds ${displayPath(member.path)} more than once`, {
		advice: 'Nothing was restored; extract this archive with tar if you trust it',
		cause: error,
	});
}
