/**
 * Shared memory that nobody uses at present, by its size. V8 does not count it when it decides whether to collect
 * garbage, so that what was left to the collector grew by 12 MB with every dump. Held weakly: whenever the collector
 * does run, it is gone.
 */
const unused = new Map<number, Array<WeakRef<SharedArrayBuffer>>>();

/** Shared memory of that size, with whatever was left in it. */
export function takeSharedMemory(bytes: number): SharedArrayBuffer {
	const candidates = unused.get(bytes) ?? [];
	for (let candidate = candidates.pop(); candidate; candidate = candidates.pop()) {
		const memory = candidate.deref();
		if (memory) return memory;
	}
	return new SharedArrayBuffer(bytes);
}

/** Gives memory back that nobody in any thread will touch again. */
export function giveBackSharedMemory(memory: SharedArrayBuffer): void {
	const candidates = unused.get(memory.byteLength) ?? [];
	candidates.push(new WeakRef(memory));
	unused.set(memory.byteLength, candidates);
}
