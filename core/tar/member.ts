/** What a member of an archive is. */
export type MemberType =
	'file' | 'directory' | 'symbolic-link' | 'hard-link' | 'character-device' | 'block-device' | 'pipe';

/**
 * One member of a tar. Paths are bytes, as they are to the file system: names that are no valid UTF-8 exist,
 * and must come back as they were.
 */
export interface TarMember {
	type: MemberType;
	/** As stored: directories may end in a slash, and a foreign archive may hold any trick. */
	path: Buffer;
	/** Target of a link; empty for everything else. */
	linkPath: Buffer;
	/** Bytes of content that follow the header; zero for everything but files. */
	size: number;
	/** Permission bits, set-uid, set-gid and sticky bit. */
	mode: number;
	uid: number;
	gid: number;
	/** Seconds since 1970; negative before it. */
	mtime: number;
}

/** Headers and contents start at multiples of this many bytes. */
export const blockBytes = 512;

export const noBytes = Buffer.alloc(0);

/** How many bytes of zeros follow `size` bytes of content. */
export function paddingOf(size: number): number {
	return (blockBytes - (size % blockBytes)) % blockBytes;
}

/** A member's path as people read it; bytes that are no UTF-8 become replacement characters. */
export function displayPath(path: Buffer): string {
	return path.toString('utf8').replace(/\p{Cc}/gu, '\uFFFD');
}

/** The longest path in bytes that is put into an archive or taken out of one: so many directories take time. */
export const longestMemberPath = 65_536;

/** As {@link displayPath}, for paths that would fill the page. */
export function shortened(path: Buffer): string {
	const shown = displayPath(path);
	return shown.length <= 100 ? shown : `${shown.slice(0, 100)}…`;
}
