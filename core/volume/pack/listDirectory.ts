import { type Dirent, lstatSync, readdirSync } from 'node:fs';

export type EntryKind = 'file' | 'directory' | 'symbolic-link' | 'other';

/** A name in a directory, which may know what it stands for. */
export type ListedName = Dirent<Buffer> | { name: Buffer };

/**
 * The names in a directory, in the order of their bytes.
 *
 * Most file systems tell kinds along with names, which spares a call for each. Where one does not (NFS, ext4
 * without `filetype`), Node looks at each name itself and gives up the whole list when one of them has vanished.
 * So a list that fails is asked for again, names only.
 *
 * @throws Error of the system about the directory itself
 */
export function listDirectory(location: Buffer): ListedName[] {
	return listNames(location).sort((a, b) => Buffer.compare(a.name, b.name));
}

/** What a name stands for; undefined when it is gone. */
export function kindOf(listed: ListedName, location: Buffer): EntryKind | undefined {
	const known = 'isFile' in listed ? listed : lstatSync(location, { throwIfNoEntry: false });
	if (!known) return undefined;
	if (known.isDirectory()) return 'directory';
	if (known.isFile()) return 'file';
	return known.isSymbolicLink() ? 'symbolic-link' : 'other';
}

function listNames(location: Buffer): ListedName[] {
	try {
		return readdirSync(location, { withFileTypes: true, encoding: 'buffer' });
	} catch {
		return readdirSync(location, { encoding: 'buffer' }).map((name) => ({ name }));
	}
}
