import {
	chmodSync,
	closeSync,
	constants,
	copyFileSync,
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
import { DeepPaths } from '../../files/deepPaths';
import { isRefusal, Refusals } from '../../files/refusals';
import { BackupError, errorCode, fileError } from '../../errors';
import { displayPath, type TarMember } from '../../tar/member';
import type { SafeMember } from './memberGuard';

interface ExtractorOptions {
	/** An empty directory. */
	root: string;
	/** Where its content is moved later: what errors name. */
	destination: string;
	/** Whether files get their owners back, which only root can do. */
	keepOwners: boolean;
}

/** What is needed of a directory once everything is in its place. */
type DirectoryEntry = Pick<TarMember, 'uid' | 'gid' | 'mode' | 'mtime'> & { path: string };

/**
 * Creates members below a directory that nobody else writes to. Synchronous: it runs in a worker. Never
 * replaces anything: the same path twice in one archive is an error. What the file system cannot hold of a member
 * besides its content is left out and becomes a warning. Dispose of it in the end.
 */
export class Extractor implements Disposable {
	readonly #paths: DeepPaths;
	/** Where hard links lead to, while `#paths` is at where they are. */
	readonly #linkPaths: DeepPaths;
	readonly #destination: string;
	readonly #keepOwners: boolean;
	readonly #refusals = new Refusals();
	/** Paths of symbolic links that the file system does not take. */
	readonly #leftOutLinks: string[] = [];
	/** Directories get their permissions and times last: writing into them needs and changes both. */
	readonly #directories: DirectoryEntry[] = [];
	readonly #knownDirectories = new Set<string>(['']);
	#file: { descriptor: number; path: string } | undefined;

	constructor({ root, destination, keepOwners }: ExtractorOptions) {
		this.#paths = new DeepPaths(root);
		this.#linkPaths = new DeepPaths(root);
		this.#destination = destination;
		this.#keepOwners = keepOwners;
	}

	/** Creates a member; of a file, what is to follow is its content and {@link endFile}. */
	create(safe: SafeMember): void {
		const { path, member } = safe;
		try {
			this.#createDirectories(parentOf(path));
			const location = this.#paths.locate(path);
			if (member.type === 'file') this.#file = { descriptor: openSync(location, 'wx', 0o600), path };
			else if (member.type === 'directory') this.#createDirectory(safe);
			else if (member.type === 'hard-link') this.#createHardLink(safe, location);
			else this.#createSymbolicLink(safe, location);
		} catch (error) {
			throw this.#explain(error, path);
		}
	}

	writeContent(bytes: Buffer): void {
		if (!this.#file) return;
		const { descriptor, path } = this.#file;
		try {
			for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
		} catch (error) {
			throw this.#explain(error, path);
		}
	}

	/** Closes the file under way, with owner, permissions and time as they were. */
	endFile(member: TarMember): void {
		if (!this.#file) return;
		const { descriptor, path } = this.#file;
		this.#file = undefined;
		try {
			const hasOwner = this.#giveOwner(() => fchownSync(descriptor, member.uid, member.gid));
			this.#givePermissions(() => fchmodSync(descriptor, permissions(member, hasOwner)));
			this.#giveTime(() => futimesSync(descriptor, member.mtime, member.mtime));
			closeSync(descriptor);
		} catch (error) {
			closeQuietly(descriptor);
			throw this.#explain(error, path);
		}
	}

	/**
	 * Gives the directories, by now below `root`, their own owners, permissions and times, children before their
	 * parents.
	 */
	finish(root: string): void {
		using paths = new DeepPaths(root);
		for (const { path, ...entry } of this.#directories.toReversed()) {
			const location = paths.locate(path);
			const hasOwner = this.#giveOwner(() => lchownSync(location, entry.uid, entry.gid));
			this.#givePermissions(() => chmodSync(location, permissions(entry, hasOwner)));
			this.#giveTime(() => utimesSync(location, entry.mtime, entry.mtime));
		}
	}

	[Symbol.dispose](): void {
		this.#paths[Symbol.dispose]();
		this.#linkPaths[Symbol.dispose]();
	}

	/** What could not be restored, other than the content. */
	warnings(): string[] {
		const [first] = this.#leftOutLinks;
		const links =
			first === undefined
				? []
				: [
						`The file system of ${this.#destination} takes no symbolic links: ${this.#leftOutLinks.length} of them ` +
							`were left out, the first is ${asText(first)}.`,
					];
		return [...this.#refusals.warnings(this.#destination), ...links];
	}

	/** @returns whether it has its owner now */
	#giveOwner(work: () => void): boolean {
		return this.#keepOwners && this.#refusals.tolerateSync('owners', work);
	}

	#givePermissions(work: () => void): void {
		this.#refusals.tolerateSync('permissions', work);
	}

	#giveTime(work: () => void): void {
		this.#refusals.tolerateSync('times', work);
	}

	#createDirectories(path: string): void {
		const missing: string[] = [];
		for (let at = path; !this.#knownDirectories.has(at); at = parentOf(at)) missing.push(at);
		for (const directory of missing.reverse()) {
			mkdirSync(this.#paths.locate(directory), { mode: 0o700 });
			this.#knownDirectories.add(directory);
		}
	}

	#createDirectory({ path, member: { uid, gid, mode, mtime } }: SafeMember): void {
		this.#createDirectories(path);
		this.#directories.push({ path, uid, gid, mode, mtime });
	}

	#createHardLink({ linkPath, member }: SafeMember, location: Buffer): void {
		const target = this.#linkPaths.locate(linkPath);
		const found = lstatSync(target, { throwIfNoEntry: false });
		if (!found?.isFile()) {
			throw new BackupError(
				'damaged',
				`The archive’s member ${displayPath(member.path)} is a hard link to ${displayPath(member.linkPath)}, ` +
					'which is no file before it in the archive',
				{ advice: 'Nothing was restored; use another backup' },
			);
		}
		const isLinked = this.#refusals.tolerateSync('hard links', () => linkSync(target, location));
		if (isLinked) return;
		copyFileSync(target, location, constants.COPYFILE_EXCL);
		this.#giveTime(() => utimesSync(location, member.mtime, member.mtime));
	}

	#createSymbolicLink({ path, member }: SafeMember, location: Buffer): void {
		try {
			symlinkSync(member.linkPath, location);
		} catch (error) {
			if (!isRefusal(error)) throw error;
			this.#leftOutLinks.push(path);
			return;
		}
		this.#giveOwner(() => lchownSync(location, member.uid, member.gid));
		this.#giveTime(() => lutimesSync(location, member.mtime, member.mtime));
	}

	/** Names where it would be, not where it is meanwhile. */
	#explain(error: unknown, path: string): BackupError {
		if (errorCode(error) !== 'EEXIST' && errorCode(error) !== 'ENOTDIR') {
			return fileError(error, path === '' ? this.#destination : `${this.#destination}/${asText(path)}`);
		}
		return new BackupError('damaged', `The archive holds ${asText(path)} more than once`, {
			advice: 'Nothing was restored; extract this archive with tar if you trust it',
			cause: error,
		});
	}
}

/** Without its owner, a file must not give that owner's rights to whoever runs it. */
function permissions({ mode }: Pick<TarMember, 'mode'>, hasOwner: boolean): number {
	return hasOwner ? mode : mode & 0o777;
}

function closeQuietly(descriptor: number): void {
	try {
		closeSync(descriptor);
	} catch {
		// The error that brought us here says more; a failed close has closed it all the same.
	}
}

function asText(latin1: string): string {
	return displayPath(Buffer.from(latin1, 'latin1'));
}

function parentOf(path: string): string {
	return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
