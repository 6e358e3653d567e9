import { stat, statfs } from 'node:fs/promises';
import { BackupError } from '../../errors';
import { freeMemory } from './freeMemory';

const megabyte = 1024 * 1024;

/** Bytes of SQL that are restored inside n8n unless somebody says otherwise. */
export const defaultMaxRawBytes = 2 * 1024 * megabyte;

/** What PostgreSQL and its process take at most. */
const neededMemory = 320 * megabyte;

/** Of the disk: what an empty PostgreSQL takes, and what a byte of SQL becomes with its indexes and its log. */
const emptyDatabase = 128 * megabyte;
const diskPerByte = 2;

/** Times that a dump shrinks when it is compressed, where no manifest says how large it is inside. */
const assumedCompression = 8;

const onServerInstead = 'drill it on a server';

/** The dump is larger than what is restored inside n8n. */
export function beyondLimit(maxRawBytes: number): BackupError {
	const limit = `${Math.floor(maxRawBytes / megabyte)} MB`;
	return new BackupError('no-space', `The dump is larger than the ${limit} that are restored inside n8n`, {
		advice: `Raise the limit, or ${onServerInstead}`,
	});
}

/** An extension that the embedded PostgreSQL does not come with. */
export function missingExtension(name: string): BackupError {
	return new BackupError('unsupported', `The PostgreSQL inside n8n has no extension "${name}"`, {
		advice: `Leave it out (--without-extension, Without Extensions) if the drill can do without it, or ${onServerInstead}`,
	});
}

/** @throws BackupError `no-space` when there is less memory to spare than it takes */
export async function assertMemory(read = freeMemory): Promise<void> {
	const free = await read();
	if (free === undefined || free >= neededMemory) return;
	const what = `The PostgreSQL inside n8n takes up to ${neededMemory / megabyte} MB of memory, and ${Math.floor(free / megabyte)} MB are free`;
	throw new BackupError('no-space', what, {
		advice: 'Give n8n’s container more memory, or use a server instead',
	});
}

/** Bytes of disk that it may take. */
export async function neededDisk(artifactPath: string, rawBytes: number | undefined): Promise<number> {
	const inside = rawBytes ?? (await stat(artifactPath)).size * assumedCompression;
	return emptyDatabase + inside * diskPerByte;
}

/** Bytes that are free on the disk of a directory, for whoever runs this; undefined where it does not say. */
export async function freeDisk(directory: string): Promise<number | undefined> {
	const found = await statfs(directory).catch(() => undefined);
	return found && found.bavail * found.bsize;
}

/** No place has the room. */
export function noRoom(places: string[], needed: number): BackupError {
	const what = `The PostgreSQL inside n8n needs ${Math.ceil(needed / megabyte)} MB of disk in ${places.join(' or ')}, and they are not there or may not be used`;
	return new BackupError('no-space', what, { advice: 'Free space there, or use a server instead' });
}
