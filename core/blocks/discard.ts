/** Node keeps small buffers together, in memory of {@link Buffer.poolSize} or of what that was before. */
const sharedBytes = 128 * 1024;

/**
 * Gives the memory of a buffer back at once, where nobody will look at it again. What is left to the collector has it
 * run through the whole heap for every few dozen megabytes: of a verification that took a quarter of the time.
 *
 * @param bytes whose memory is nobody else's, unless they are few
 */
export function discard(bytes: Buffer): void {
	const memory = bytes.buffer as ArrayBuffer;
	const isAlone =
		bytes.length === memory.byteLength || memory.byteLength > Math.max(sharedBytes, Buffer.poolSize);
	if (isAlone) memory.transfer(0);
}
