import { BackupError } from '../../errors';
import { displayPath, longestMemberPath, shortened, type TarMember } from '../../tar/member';

/** A member that may be extracted: its paths are relative, without `.` and `..`, in bytes as latin1 characters. */
export interface SafeMember {
	member: TarMember;
	/** Empty for the archived directory itself. */
	path: string;
	/** Of a hard link: the path of the member that it is another name of. */
	linkPath: string;
}

export interface GuardOptions {
	/** Whether symbolic links may point out of the archived directory. */
	allowOutsideLinks: boolean;
	/** The longest path that can be made where it is extracted, in bytes. {@link longestMemberPath} by default. */
	longestPath?: number;
}

/** More symbolic links than this in one path are a loop, as for Linux itself. */
const mostLinksInPath = 40;

/**
 * Lets no member through that would reach out of the directory it is extracted to: absolute paths, `..`, paths
 * that lead through a symbolic link of the same archive, devices and pipes, and links that point outside. Tools
 * that strip or skip those instead restore something else than was saved, and say nothing.
 */
export class MemberGuard {
	/** Symbolic links seen so far: path -> target. */
	readonly #links = new Map<string, string>();
	readonly #allowOutsideLinks: boolean;
	readonly #longestPath: number;

	constructor({ allowOutsideLinks, longestPath = longestMemberPath }: GuardOptions) {
		this.#allowOutsideLinks = allowOutsideLinks;
		this.#longestPath = longestPath;
	}

	/** @throws BackupError `unsupported` that names the member and what is wrong with it */
	check(member: TarMember): SafeMember {
		const path = this.#safePath(member, member.path, 'has');
		if (['character-device', 'block-device', 'pipe'].includes(member.type)) {
			throw refused(member, `is a ${member.type.replace('-', ' ')}`);
		}
		if (path === '' && member.type !== 'directory') throw refused(member, 'has no name of its own');
		if (member.type === 'symbolic-link') this.#links.set(path, member.linkPath.toString('latin1'));
		const isHardLink = member.type === 'hard-link';
		return {
			member,
			path,
			linkPath: isHardLink ? this.#safePath(member, member.linkPath, 'is a hard link to') : '',
		};
	}

	/**
	 * To be called after the last member, when it is known where every link leads.
	 *
	 * @throws BackupError `unsupported` for the first symbolic link that points outside
	 */
	finish(): void {
		if (this.#allowOutsideLinks) return;
		for (const [path, target] of this.#links) {
			if (!this.#leadsOutside(path, target)) continue;
			throw new BackupError(
				'unsupported',
				`The archive’s member ${asText(path)} is a link to ${asText(target)}, which is outside of the archive`,
				{ advice: 'Nothing was restored; allow links that point outside if you trust this archive' },
			);
		}
	}

	/** @param has How the path belongs to the member, for the error. */
	#safePath(member: TarMember, path: Buffer, has: string): string {
		if (path.length > this.#longestPath) throw this.#tooLong(path);
		const text = path.toString('latin1');
		const parts = text.split('/').filter((part) => part !== '' && part !== '.');
		if (text.startsWith('/')) throw refused(member, `${has} the absolute path ${displayPath(path)}`);
		if (parts.includes('..'))
			throw refused(member, `${has} a path that leads upwards: “${displayPath(path)}”`);
		if (text.includes('\0')) throw refused(member, `${has} a path with a zero byte in it`);
		const link = this.#linkOnTheWay(parts);
		if (link !== undefined) throw refused(member, `${has} a path through the symbolic link ${asText(link)}`);
		return parts.join('/');
	}

	#tooLong(path: Buffer): BackupError {
		return new BackupError(
			'unsupported',
			`The archive’s member ${shortened(path)} has a path of ${path.length} bytes, and no more than ${this.#longestPath} can be restored there`,
			{
				advice:
					this.#longestPath < longestMemberPath
						? 'Nothing was restored; restore this archive into a directory, which takes longer ones'
						: 'Nothing was restored; extract this archive with tar if you trust it',
			},
		);
	}

	#linkOnTheWay(parts: string[]): string | undefined {
		if (this.#links.size === 0) return undefined;
		const parents = parts.slice(0, -1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
		return parents.find((parent) => this.#links.has(parent));
	}

	/** Follows a link the way the system would, but inside the archive only. */
	#leadsOutside(path: string, target: string): boolean {
		const resolved = path.split('/').slice(0, -1);
		const ahead = target.split('/');
		if (target.startsWith('/')) return true;
		for (let followed = 0; ahead.length > 0;) {
			const part = ahead.shift()!;
			if (part === '' || part === '.') continue;
			if (part === '..') {
				if (resolved.pop() === undefined) return true;
				continue;
			}
			resolved.push(part);
			const next = this.#links.get(resolved.join('/'));
			if (next === undefined) continue;
			// A loop leads nowhere, and so not outside.
			if (++followed > mostLinksInPath) return false;
			if (next.startsWith('/')) return true;
			resolved.pop();
			ahead.unshift(...next.split('/'));
		}
		return false;
	}
}

function asText(latin1: string): string {
	return displayPath(Buffer.from(latin1, 'latin1'));
}

function refused(member: TarMember, what: string): BackupError {
	return new BackupError('unsupported', `The archive’s member ${displayPath(member.path)} ${what}`, {
		advice:
			'Nothing was restored; an archive made by this package holds no such member, so ask where it comes from',
	});
}
