import { BackupError } from '../errors';

/** What a destination throws of a name that is taken. */
export function taken(path: string): BackupError {
	return new BackupError('exists', `${path} is already there`, {
		advice: 'Move it away, or copy to another place; nothing was overwritten',
	});
}

/** What a destination throws of a file that has fewer bytes than it should, on the way there or back. */
export function cutOff(path: string): BackupError {
	return new BackupError('incomplete', `The bytes of ${path} ended before they were whole`, {
		advice: 'Check the network between n8n and that server, and the disk there, then run it again',
	});
}

/** What a destination throws where the disk there is full. */
export function noSpace(path: string): BackupError {
	return new BackupError('no-space', `There was no space left for ${path}`, {
		advice: 'Free space on that server or raise the quota, then run it again',
	});
}
