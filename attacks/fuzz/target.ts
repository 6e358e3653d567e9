/** Something that reads bytes from outside, in whatever pieces they come. */
export interface Target {
	/** A folder of the corpus. */
	name: string;
	/** What the format is made of: bytes that mean something to who reads it. */
	words: readonly (string | Buffer)[];
	/** Makes checksums right again, so that what was changed is reached. */
	repair?: (bytes: Buffer) => Buffer;
	/** @returns what it makes of them, the same for the same bytes; throws what it says against them */
	read(pieces: readonly Buffer[]): Promise<string>;
}
