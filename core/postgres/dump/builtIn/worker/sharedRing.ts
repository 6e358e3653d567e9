import { type ByteTarget, takeSharedMemory } from '../../../../blocks';

/**
 * A byte queue in shared memory, from the main thread (which must never wait) to a worker (which may only
 * wait). Positions count bytes ever written and read, modulo 2^32; the capacity is a power of two.
 */
export interface SharedRing {
	/** Five 32-bit words: bytes written, bytes read, closed, a count of all that the writer did, and whether the reader waits. */
	control: SharedArrayBuffer;
	bytes: SharedArrayBuffer;
}

const writtenAt = 0;
const readAt = 1;
const closedAt = 2;
const eventsAt = 3;
const waitingAt = 4;

export function createRing(capacity: number): SharedRing {
	return { control: new SharedArrayBuffer(20), bytes: takeSharedMemory(capacity) };
}

/**
 * The free bytes that the writer waits for once there are fewer. If it went on after each of the reader's steps of a
 * few kilobytes, the main thread would be woken for every one of them.
 */
function enoughRoom({ bytes }: SharedRing): number {
	return bytes.byteLength / 4;
}

function freeBytes(control: Int32Array, capacity: number): number {
	const unread = Atomics.load(control, writtenAt) - Atomics.load(control, readAt);
	return capacity - (unread >>> 0);
}

/** The main thread's end. */
export class RingWriter implements ByteTarget {
	readonly #control: Int32Array;
	readonly #bytes: Buffer;
	readonly #enough: number;
	#isClosed = false;

	constructor(ring: SharedRing) {
		this.#control = new Int32Array(ring.control);
		this.#bytes = Buffer.from(ring.bytes);
		this.#enough = enoughRoom(ring);
	}

	/** Bytes ever written, modulo 2^32. */
	get written(): number {
		return Atomics.load(this.#control, writtenAt) >>> 0;
	}

	/** Whether the reader has read everything and waits for more. */
	get isAwaited(): boolean {
		return Atomics.load(this.#control, waitingAt) === 1;
	}

	/** None once it is closed: the memory may be somebody else's by then. */
	space(): Buffer | undefined {
		const free = freeBytes(this.#control, this.#bytes.length);
		if (this.#isClosed || free < this.#enough) return undefined;
		const start = (Atomics.load(this.#control, writtenAt) >>> 0) % this.#bytes.length;
		return this.#bytes.subarray(start, start + Math.min(free, this.#bytes.length - start));
	}

	advance(count: number): void {
		Atomics.add(this.#control, writtenAt, count);
		this.#wakeReader();
	}

	async room(): Promise<void> {
		for (;;) {
			// Taken before looking: when the reader has gone on since, there is nothing to wait for.
			const read = Atomics.load(this.#control, readAt);
			const free = freeBytes(this.#control, this.#bytes.length);
			if (!this.#isClosed && free >= this.#enough) return;
			await Atomics.waitAsync(this.#control, readAt, read).value;
		}
	}

	/** A copy of what was written last: so many bytes, or fewer where there were not so many. */
	last(count: number): Buffer {
		const written = Atomics.load(this.#control, writtenAt) >>> 0;
		const length = Math.min(count, written, this.#bytes.length);
		const start = (written - length) % this.#bytes.length;
		const first = this.#bytes.subarray(start, start + length);
		return Buffer.concat([first, this.#bytes.subarray(0, length - first.length)]);
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
	readonly #enough: number;

	constructor(ring: SharedRing) {
		this.#control = new Int32Array(ring.control);
		this.#bytes = Buffer.from(ring.bytes);
		this.#enough = enoughRoom(ring);
	}

	/** Reads what is there, up to the target's length, without waiting; answers how many bytes that was. */
	read(target: Uint8Array): number {
		const read = Atomics.load(this.#control, readAt);
		const available = (Atomics.load(this.#control, writtenAt) - read) >>> 0;
		const count = Math.min(available, target.length);
		if (count === 0) return 0;
		const start = (read >>> 0) % this.#bytes.length;
		const first = Math.min(count, this.#bytes.length - start);
		this.#bytes.copy(target, 0, start, start + first);
		this.#bytes.copy(target, first, 0, count - first);
		Atomics.store(this.#control, readAt, (read + count) | 0);
		this.#wakeWriter(count);
		return count;
	}

	/** The writer waits only for enough room, so it is woken only by the step that makes it. */
	#wakeWriter(count: number): void {
		// Looked at after the step was stored: the writer either sees the step before it waits, or is seen here.
		const free = freeBytes(this.#control, this.#bytes.length);
		if (free >= this.#enough && free - count < this.#enough) Atomics.notify(this.#control, readAt);
	}

	/** Blocks the thread until there is something to read; false when nothing will follow. */
	wait(): boolean {
		for (;;) {
			// Taken before looking: whatever happens after that changes it, and the wait ends at once.
			const events = Atomics.load(this.#control, eventsAt);
			if (Atomics.load(this.#control, writtenAt) !== Atomics.load(this.#control, readAt)) return true;
			if (Atomics.load(this.#control, closedAt) === 1) return false;
			Atomics.store(this.#control, waitingAt, 1);
			Atomics.wait(this.#control, eventsAt, events);
			Atomics.store(this.#control, waitingAt, 0);
		}
	}
}
