import { chown, stat } from 'node:fs/promises';

/**
 * Gives what root has made in a directory to that directory's owner. Backups belong to the user that n8n runs as;
 * a command that is run as root on the bad day must not leave files there that n8n can no longer read.
 */
export async function adoptOwner(path: string, directory: string): Promise<void> {
	if (process.getuid?.() !== 0) return;
	const { uid, gid } = await stat(directory);
	if (uid !== 0) await chown(path, uid, gid);
}
