/** Node keeps small buffers together, in memory of {@link Buffer.poolSize} or of what that was before. */
const sharedBytes = 128 * 1024;

/**
 * Gives the memory of a large buffer back at once, where nobody will look at it again. What is left to the collector has it
 * run through the whole heap for every few dozen megabytes: of a verification that took a quarter of the time.
 *
 * @param bytes that are alone in their memory, unless they are few
 */
export function discard({ buffer }: Buffer<ArrayBuffer>): void {
	if (buffer.byteLength > Math.max(sharedBytes, Buffer.poolSize)) buffer.transfer(0);
}
