import { type FileHandle, stat } from 'node:fs/promises';
import type { Refusals } from './refusals';

/**
 * Gives what root has made in a directory to that directory's owner. Backups belong to the user that n8n runs as;
 * a command that is run as root on the bad day must not leave files there that n8n can no longer read.
 *
 * Works on an open file: in another user's directory a path may be a link to anywhere by now.
 */
export async function adoptOwner(made: FileHandle, directory: string, refusals: Refusals): Promise<void> {
	if (process.geteuid?.() !== 0) return;
	const { uid, gid } = await stat(directory);
	if (uid !== 0) await refusals.tolerate('owners', async () => await made.chown(uid, gid));
}
