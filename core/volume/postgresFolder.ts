/** A running server keeps it in its data folder (https://www.postgresql.org/docs/current/storage-file-layout.html). */
const serverMark = Buffer.from('postmaster.pid');

/** Every data folder has it. */
export const versionMark = Buffer.from('PG_VERSION');

/** Whether this is the file that a running PostgreSQL server keeps in its data folder. */
export function isServerMark(path: Buffer): boolean {
	return isNamed(path, serverMark);
}

/** Whether this is the file that tells the version of a data folder. */
export function isVersionMark(path: Buffer): boolean {
	return isNamed(path, versionMark);
}

/** The path up to and with the last slash; empty at the top. */
export function folderOf(path: Buffer): Buffer {
	return path.subarray(0, path.lastIndexOf(0x2f) + 1);
}

/**
 * What to tell whoever archives the data folders of servers that may be writing.
 *
 * @param folders for people; empty for the archived directory itself
 */
export function liveServerWarnings(folders: readonly string[]): string[] {
	return folders.map(
		(folder) =>
			`${folder.replace(/\/$/, '') || 'The archived directory'} is the data folder of a PostgreSQL server that was running ` +
			'(it holds postmaster.pid): files copied while the server writes are no backup of its databases and may not start. ' +
			'Back them up with the Postgres Backup node, or have the server’s container stopped while the volume is archived.',
	);
}

function isNamed(path: Buffer, name: Buffer): boolean {
	const start = path.length - name.length;
	if (start < 0 || path.at(-1) !== name.at(-1) || (start > 0 && path[start - 1] !== 0x2f)) return false;
	return path.subarray(start).equals(name);
}
