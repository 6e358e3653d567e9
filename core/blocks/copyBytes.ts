/**
 * Copies `source` from `start` up to `end` into `target` at `at`, by one move of memory also where one of them is
 * shared. Ordinary means do that only for parts: a whole buffer is copied by TypedArray.set (Node 24, lib/buffer.js),
 * and that copies to and from shared memory in words, or in bytes where the two are not aligned alike.
 */
export function copyBytes(source: Buffer, start: number, end: number, target: Uint8Array, at: number): void {
	if (start === end) return;
	const last = end - 1;
	source.copy(target, at, start, last);
	target[at + last - start] = source[last]!;
}
