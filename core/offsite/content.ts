import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { BackupError, fileError } from '../errors';
import type { Manifest } from '../artifact';

/** What is put under a name. */
export interface Content {
	bytes: number;
	/** The bytes; a piece stays as it is. May be asked for again. Fails before its end where they are not what they should be. */
	pieces(): AsyncIterable<Buffer>;
}

/** Bytes of one read. */
const pieceBytes = 256 * 1024;

/** Small content that is at hand. */
export function textContent(text: string): Content {
	const bytes = Buffer.from(text);
	return {
		bytes: bytes.length,
		async *pieces() {
			yield bytes;
		},
	};
}

/**
 * An artifact's file. Its last piece is given out only when all of them together are what the manifest says, so
 * that nobody can complete another file under its name.
 *
 * @throws BackupError from its pieces: `damaged`, or whatever {@link fileError} says of the file
 */
export function artifactContent(
	path: string,
	{ storedBytes, sha256 }: Pick<Manifest, 'storedBytes' | 'sha256'>,
	onBytes: (bytes: number) => void = () => {},
): Content {
	return { bytes: storedBytes, pieces };

	async function* pieces(): AsyncGenerator<Buffer, void> {
		const hash = createHash('sha256');
		let bytes = 0;
		let held: Buffer | undefined;
		for await (const piece of readFile(path)) {
			if (held) yield held;
			hash.update(piece);
			bytes += piece.length;
			if (bytes > storedBytes) break;
			onBytes(piece.length);
			held = piece;
		}
		if (bytes !== storedBytes || hash.digest('hex') !== sha256) throw changed(path);
		if (held) yield held;
	}
}

async function* readFile(path: string): AsyncGenerator<Buffer, void> {
	try {
		await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		for (let position = 0; ;) {
			const buffer = Buffer.allocUnsafeSlow(pieceBytes);
			const { bytesRead } = await file.read(buffer, 0, pieceBytes, position);
			if (bytesRead === 0) return;
			position += bytesRead;
			yield buffer.subarray(0, bytesRead);
		}
	} catch (error) {
		throw fileError(error, path);
	}
}

function changed(path: string): BackupError {
	return new BackupError('damaged', `${path} is not what its manifest says, so it was not copied`, {
		advice: 'Verify it; copies that were made before may still be good',
	});
}
