import { discard } from '../blocks';
import { BrokenSealError } from './brokenSeal';
import { chunkBytes, nonceBytes, PayloadCipher, tagBytes } from './payload';
import { PieceReader } from './pieceReader';

const sealedBytes = chunkBytes + tagBytes;

/** Plain bytes handed on at a time: a decompressor takes fewer, larger pieces with less ado. */
const plainPieceBytes = 16 * chunkBytes;

/** Far beyond any real header; age itself has no limit. */
const longestHeaderBytes = 1024 * 1024;

const intro = Buffer.from('age-encryption.org/v1\n');
/** The header's last line: the mark, a space and the base64 of a MAC. */
const lastLine = /\n--- [A-Za-z0-9+/]{43}\n/;

/** Finds the file key in a header; see `openHeader`. */
export type FindFileKey = (header: Buffer) => Promise<Buffer>;

/** Whether a file that begins with these bytes is an age file. */
export function isAgeFile(firstBytes: Buffer): boolean {
	return firstBytes.subarray(0, intro.length).equals(intro);
}

/**
 * Decrypts an age file while it is read.
 *
 * @param stored pieces that are valid only until the next one is asked for
 * @param isLent whether each piece may take the place of the one before; otherwise it lies in memory of its own
 * @returns plain bytes, none of which was not authenticated
 * @throws BackupError `damaged` or `incomplete` for what is no age file, was changed or is cut off; whatever
 * `findFileKey` throws
 */
export async function* decryptAge(
	stored: AsyncIterable<Buffer>,
	findFileKey: FindFileKey,
	isLent = false,
): AsyncGenerator<Buffer, void> {
	await using reader = new PieceReader(stored);
	const header = await readHeader(reader);
	const fileKey = await findFileKey(header);
	const nonce = await reader.read(nonceBytes);
	if (nonce.length < nonceBytes) throw cutOff();
	const cipher = new PayloadCipher(fileKey, Buffer.from(nonce));
	let lent: Buffer | undefined;
	for (let isLast = false; !isLast;) {
		const plain = lent ?? Buffer.allocUnsafeSlow(plainPieceBytes);
		if (isLent) lent = plain;
		let filled = 0;
		while (filled < plainPieceBytes && !isLast) {
			const sealed = await reader.read(sealedBytes);
			// A whole chunk may be the last one: only what follows tells.
			isLast = sealed.length < sealedBytes || (await reader.isAtEnd());
			if (sealed.length < tagBytes) throw cutOff();
			const opened = cipher.open(sealed, isLast);
			filled += opened.copy(plain, filled);
			discard(opened);
		}
		if (filled > 0) yield plain.subarray(0, filled);
	}
}

/**
 * Reads an age file to its end without any key: what can be known is that it has a header and chunks of the right
 * sizes.
 *
 * @throws BackupError `damaged` or `incomplete` when it cannot be an age file in full
 */
export async function assertAgeFraming(stored: AsyncIterable<Buffer>): Promise<void> {
	await using reader = new PieceReader(stored);
	await readHeader(reader);
	const nonce = await reader.read(nonceBytes);
	if (nonce.length < nonceBytes) throw cutOff();
	for (let isFirst = true; ; isFirst = false) {
		const { length } = await reader.read(sealedBytes);
		if (length < tagBytes || (length === tagBytes && !isFirst)) throw cutOff();
		if (await reader.isAtEnd()) return;
	}
}

async function readHeader(reader: PieceReader): Promise<Buffer> {
	for (let bytes = 4096; ; bytes *= 2) {
		const seen = await reader.peek(bytes);
		if (!isAgeFile(seen)) throw noAgeFile();
		const end = lastLine.exec(seen.toString('latin1'));
		if (end) return Buffer.from(await reader.read(end.index + end[0].length));
		if (seen.length < bytes) throw cutOff();
		if (bytes > longestHeaderBytes) throw noAgeFile();
	}
}

function noAgeFile(): BrokenSealError {
	return new BrokenSealError('damaged', 'The file does not begin as an encrypted backup does');
}

function cutOff(): BrokenSealError {
	return new BrokenSealError('incomplete', 'The encrypted file is cut off');
}
