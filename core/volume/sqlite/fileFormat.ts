/** What can be told of an SQLite database by its first bytes (https://sqlite.org/fileformat.html). */

/** What SQLite keeps beside a database while it is in use. */
export const companionSuffixes = ['-wal', '-shm', '-journal'] as const;

/** No database is smaller than its smallest page. */
export const smallestDatabaseBytes = 512;

/** Every database begins with a header of this size. */
export const databaseHeaderBytes = 100;

const signature = Buffer.from('SQLite format 3\0', 'latin1');

/** Whether a file that begins with these bytes says of itself that it is an SQLite database. */
export function isDatabase(firstBytes: Buffer): boolean {
	// Most files differ in their first byte, which costs nothing to look at.
	return firstBytes[0] === signature[0] && firstBytes.subarray(0, signature.length).equals(signature);
}

/**
 * Whether the header behind the signature is one that SQLite can have written. A file that merely begins with the
 * signature is no database; one with a valid header that cannot be read is a damaged one.
 */
export function hasValidHeader(firstBytes: Buffer): boolean {
	if (firstBytes.length < databaseHeaderBytes || !isDatabase(firstBytes)) return false;
	const writtenPageSize = firstBytes.readUInt16BE(16);
	const pageSize = writtenPageSize === 1 ? 65_536 : writtenPageSize;
	const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
	// Payload fractions, which the format fixes at these three numbers.
	const areFractionsRight = firstBytes[21] === 64 && firstBytes[22] === 32 && firstBytes[23] === 32;
	return isPowerOfTwo && pageSize >= smallestDatabaseBytes && areFractionsRight;
}

/** Whether it has a write-ahead log rather than a rollback journal. */
export function hasWriteAheadLog(firstBytes: Buffer): boolean {
	return firstBytes[19] === 2;
}

/** The path of what SQLite keeps beside the database; the database's own for an empty suffix. */
export function companionOf(location: Buffer, suffix: string): Buffer {
	return Buffer.concat([location, Buffer.from(suffix)]);
}
