import { closeSync, constants, existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { errorCode } from '../../errors';
import { companionOf } from './fileFormat';

/** The files that hold what a database holds; `-shm` is only an index of the log. */
const contentSuffixes = ['', '-wal', '-journal'] as const;

const pieceBytes = 1024 * 1024;

/**
 * Copies a database and its log or journal byte by byte, then reads them again and compares. Where every byte was
 * the same both times, the copy is what lay on the disk at the moment between the two: what SQLite would find after
 * a crash of whoever writes to it, and can recover from. Sizes and times say nothing, on some disks they are
 * exact to two seconds only; and a database in WAL mode may change without counting its changes.
 *
 * @throws Error when anything changed meanwhile
 */
export function copyAtRest(location: Buffer, target: string): void {
	const to = Buffer.from(target);
	for (const suffix of contentSuffixes) copyIfThere(companionOf(location, suffix), companionOf(to, suffix));
	for (const suffix of contentSuffixes) {
		if (!isSame(companionOf(location, suffix), companionOf(to, suffix))) {
			throw new Error('it was written to while it was copied');
		}
	}
}

function copyIfThere(from: Buffer, to: Buffer): void {
	const source = openIfThere(from);
	if (source === undefined) return;
	try {
		const target = openSync(to, 'wx', 0o600);
		try {
			const piece = Buffer.allocUnsafe(pieceBytes);
			for (let read = readSync(source, piece); read > 0; read = readSync(source, piece)) {
				for (let written = 0; written < read;) written += writeSync(target, piece, written, read - written);
			}
		} finally {
			closeSync(target);
		}
	} catch (error) {
		rmSync(to, { force: true });
		throw error;
	} finally {
		closeSync(source);
	}
}

function isSame(from: Buffer, copy: Buffer): boolean {
	const source = openIfThere(from);
	if (source === undefined) return !existsSync(copy);
	try {
		const copied = openIfThere(copy);
		if (copied === undefined) return false;
		try {
			return haveSameBytes(source, copied);
		} finally {
			closeSync(copied);
		}
	} finally {
		closeSync(source);
	}
}

function haveSameBytes(one: number, other: number): boolean {
	const ones = Buffer.allocUnsafe(pieceBytes);
	const others = Buffer.allocUnsafe(pieceBytes);
	for (;;) {
		const oneRead = fill(one, ones);
		const otherRead = fill(other, others);
		if (!ones.subarray(0, oneRead).equals(others.subarray(0, otherRead))) return false;
		if (oneRead < pieceBytes) return true;
	}
}

/** Reads until the buffer is full or the file is at its end. */
function fill(descriptor: number, buffer: Buffer): number {
	let filled = 0;
	while (filled < buffer.length) {
		const read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
		if (read === 0) break;
		filled += read;
	}
	return filled;
}

function openIfThere(path: Buffer): number | undefined {
	try {
		return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}
