import { copyBytes, takeSharedMemory } from '../../../blocks';

/**
 * A byte queue in shared memory, from the main thread (which must never wait) to a worker (which may only
 * wait). Positions count bytes ever written and read, modulo 2^32; the capacity is a power of two.
 */
export interface SharedRing {
	/** Four 32-bit words: bytes written, bytes read, closed, and a count of all that the writer did. */
	control: SharedArrayBuffer;
	bytes: SharedArrayBuffer;
}

const writtenAt = 0;
const readAt = 1;
const closedAt = 2;
const eventsAt = 3;

export function createRing(capacity: number): SharedRing {
	return { control: new SharedArrayBuffer(16), bytes: takeSharedMemory(capacity) };
}

/** The main thread's end. */
export class RingWriter {
	readonly #control: Int32Array;
	readonly #bytes: Buffer;
	#isClosed = false;

	constructor(ring: SharedRing) {
		this.#control = new Int32Array(ring.control);
		this.#bytes = Buffer.from(ring.bytes);
	}

	/** Writes as much as there is room for; answers how many bytes that was. Once closed, it takes them for nothing. */
	write(chunk: Buffer): number {
		// The memory may be somebody else's by now.
		if (this.#isClosed) return chunk.length;
		const written = Atomics.load(this.#control, writtenAt);
		const free = this.#bytes.length - ((written - Atomics.load(this.#control, readAt)) >>> 0);
		const count = Math.min(free, chunk.length);
		const start = (written >>> 0) % this.#bytes.length;
		const first = Math.min(count, this.#bytes.length - start);
		copyBytes(chunk, 0, first, this.#bytes, start);
		copyBytes(chunk, first, count, this.#bytes, 0);
		Atomics.store(this.#control, writtenAt, (written + count) | 0);
		this.#wakeReader();
		return count;
	}

	/** Resolves when the reader has made room, at once where there is some already. */
	async room(): Promise<void> {
		const read = Atomics.load(this.#control, readAt);
		const written = Atomics.load(this.#control, writtenAt);
		if ((written - read) >>> 0 < this.#bytes.length) return;
		await Atomics.waitAsync(this.#control, readAt, read).value;
	}

	/** Nothing follows. The reader still gets what was written. */
	close(): void {
		this.#isClosed = true;
		Atomics.store(this.#control, closedAt, 1);
		this.#wakeReader();
	}

	#wakeReader(): void {
		Atomics.add(this.#control, eventsAt, 1);
		Atomics.notify(this.#control, eventsAt);
	}
}

/** The worker's end. */
export class RingReader {
	readonly #control: Int32Array;
	readonly #bytes: Buffer;

	constructor(ring: SharedRing) {
		this.#control = new Int32Array(ring.control);
		this.#bytes = Buffer.from(ring.bytes);
	}

	/** Reads what is there, up to the target's length, without waiting; answers how many bytes that was. */
	read(target: Uint8Array): number {
		const read = Atomics.load(this.#control, readAt);
		const available = (Atomics.load(this.#control, writtenAt) - read) >>> 0;
		const count = Math.min(available, target.length);
		if (count === 0) return 0;
		const start = (read >>> 0) % this.#bytes.length;
		const first = Math.min(count, this.#bytes.length - start);
		copyBytes(this.#bytes, start, start + first, target, 0);
		copyBytes(this.#bytes, 0, count - first, target, first);
		Atomics.store(this.#control, readAt, (read + count) | 0);
		Atomics.notify(this.#control, readAt);
		return count;
	}

	/** Blocks the thread until there is something to read; false when nothing will follow. */
	wait(): boolean {
		for (;;) {
			// Taken before looking: whatever happens after that changes it, and the wait ends at once.
			const events = Atomics.load(this.#control, eventsAt);
			if (Atomics.load(this.#control, writtenAt) !== Atomics.load(this.#control, readAt)) return true;
			if (Atomics.load(this.#control, closedAt) === 1) return false;
			Atomics.wait(this.#control, eventsAt, events);
		}
	}
}
