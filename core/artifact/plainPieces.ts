import { decryptAge, type FindFileKey, isAgeFile, isAgeName } from '../encryption';

export interface StoredBytes {
	/** Of the file that they are from. */
	path: string;
	/** Told by the file's name and first bytes when undefined. */
	isEncrypted?: boolean;
	/** Asked where they are encrypted. */
	findFileKey: FindFileKey;
	/** Whether each piece that was decrypted may take the place of the one before. */
	isLent?: boolean;
}

/**
 * The one place where a stored artifact is decrypted. What is not encrypted is passed on as it is.
 *
 * @param stored pieces that are valid only until the next one is asked for
 * @throws BackupError as {@link decryptAge}
 */
export async function* plainPieces(
	stored: AsyncIterable<Buffer>,
	{ path, isEncrypted, findFileKey, isLent }: StoredBytes,
): AsyncGenerator<Buffer, void> {
	const pieces = stored[Symbol.asyncIterator]();
	try {
		const first = await pieces.next();
		const firstBytes = first.done ? Buffer.alloc(0) : first.value;
		const all = beginningWith(firstBytes, pieces);
		if (isEncrypted ?? (isAgeName(path) || isAgeFile(firstBytes)))
			yield* decryptAge(all, findFileKey, isLent);
		else yield* all;
	} finally {
		await pieces.return?.();
	}
}

async function* beginningWith(first: Buffer, others: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
	if (first.length > 0) yield first;
	for (let piece = await others.next(); !piece.done; piece = await others.next()) yield piece.value;
}
