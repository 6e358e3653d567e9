import { BackupError } from '../errors';
import type { Destination } from './destination';
import { hashRemote } from './hashRemote';

/** A file that this run has put at a destination, as it should be there. */
export interface Sent {
	name: string;
	bytes: number;
	sha256: string;
	/** Whether every byte is read again, or only its size. */
	readBack: boolean;
}

/**
 * Looks at what has arrived. What is not as it was sent is taken back, or it would stand in the way of every later copy:
 * nobody could tell it from somebody else's file of the same name.
 *
 * @throws BackupError `incomplete` where it is something else or is gone, and what the destination throws
 */
export async function assertArrived(
	destination: Destination,
	sent: Sent,
	signal: AbortSignal,
): Promise<void> {
	const path = `${destination.place}/${sent.name}`;
	const arrived = await destination.head(sent.name, signal);
	if (!arrived) throw goneAgain(path);
	if (arrived.bytes === sent.bytes && (await isSame(destination, sent, signal))) return;
	const removed = await destination.delete(sent.name, signal).catch(() => 'locked' as const);
	const advice =
		removed === 'deleted'
			? 'It was removed there; run it again'
			: 'Delete it there and copy again; nothing takes it for a backup';
	throw new BackupError('incomplete', `${path} did not arrive as it was sent`, { advice });
}

async function isSame(
	destination: Destination,
	{ name, sha256, readBack }: Sent,
	signal: AbortSignal,
): Promise<boolean> {
	return !readBack || (await hashRemote(destination, name, signal)).sha256 === sha256;
}

function goneAgain(path: string): BackupError {
	return new BackupError('incomplete', `${path} was sent, and is not there`, {
		advice: 'See whether another run deletes copies there at that time, then run it again',
	});
}
