import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Parser, type ReadEntry } from 'tar';

/** A member of a tar that an engine sends. */
export interface Member {
	isFile: boolean;
	/** Bytes of its content. */
	size: number;
	uid: number;
	gid: number;
	/** Permission bits. */
	mode: number;
	/**
	 * Its content, piece by piece, as fast as it is taken.
	 *
	 * @throws Error at the end, too, when the archive was cut off anywhere or the content has another size
	 */
	content: () => AsyncGenerator<Buffer, void>;
}

/**
 * Reads a tar up to its first member's content.
 *
 * @param archive to be destroyed by the caller when it is not read to its end
 * @throws Error when it is no tar, has no member, or is cut off before
 */
export async function firstMember(archive: Readable): Promise<Member> {
	const parser = new Parser({ strict: true });
	let first: ReadEntry | undefined;
	const found = new Promise<ReadEntry>((resolve) => {
		parser.on('entry', (entry: ReadEntry) => {
			if (first) entry.resume();
			else resolve((first = entry));
		});
	});
	const whole = feed(archive, parser);
	whole.catch((error: unknown) => first?.destroy(error));
	return describe(await Promise.race([found, whole.then(noMember)]), whole);
}

function noMember(): never {
	throw new Error('The archive has no member');
}

function describe(entry: ReadEntry, whole: Promise<void>): Member {
	// Whoever reads it hears of its errors from `whole`.
	entry.on('error', () => {});
	const { type, size, uid = 0, gid = 0, mode = 0o644 } = entry;
	async function* content(): AsyncGenerator<Buffer, void> {
		let seen = 0;
		for await (const piece of entry) {
			seen += piece.length;
			yield piece;
		}
		// Only the archive's own end says that the member was whole.
		await whole;
		if (seen !== size) throw new Error(`${seen} bytes came of a member of ${size}`);
	}
	return {
		isFile: type === 'File' || type === 'OldFile' || type === 'ContiguousFile',
		size,
		uid,
		gid,
		mode,
		content,
	};
}

/** Hands an archive to the parser, which waits where its member's reader does. */
async function feed(archive: Readable, parser: Parser): Promise<void> {
	let hasEndMark = false;
	parser.once('eof', () => (hasEndMark = true));
	const ended = once(parser, 'end');
	ended.catch((error: Error) => archive.destroy(error));
	const stopped = finished(archive, { writable: false });
	stopped.catch(() => {});
	for await (const piece of archive as AsyncIterable<Buffer>) {
		if (!parser.write(piece)) await Promise.race([once(parser, 'drain'), ended, stopped]);
	}
	parser.end();
	await ended;
	if (!hasEndMark) throw new Error('The archive has no end mark');
}
