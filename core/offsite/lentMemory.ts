/**
 * Memory that is lent, so much at a time to all who share it, and used again: what waits for the garbage collector
 * takes its place, too.
 */
export class LentMemory {
	readonly #limitBytes: number;
	#lentBytes = 0;
	#free: Buffer[] = [];
	#waiting: Array<() => void> = [];

	/** @param limitBytes of all that is lent at a time */
	constructor(limitBytes: number) {
		this.#limitBytes = limitBytes;
	}

	/** Waits until there is room. More than the limit is lent while nothing else is. */
	async take(bytes: number): Promise<Buffer> {
		while (this.#lentBytes > 0 && this.#lentBytes + bytes > this.#limitBytes) {
			await new Promise<void>((resolve) => this.#waiting.push(resolve));
		}
		const memory = this.#takeFree(bytes) ?? Buffer.allocUnsafeSlow(bytes);
		this.#lentBytes += memory.length;
		return memory.subarray(0, bytes);
	}

	/** Of what was taken, and nobody reads any more. */
	giveBack(taken: Buffer): void {
		this.#free.push(Buffer.from(taken.buffer));
		this.#settle(taken);
	}

	/** Of what was taken, and somebody may still be reading: it is not used again. */
	letGo(taken: Buffer): void {
		this.#settle(taken);
	}

	#takeFree(bytes: number): Buffer | undefined {
		const index = this.#free.findIndex(({ length }) => length >= bytes);
		if (index >= 0) return this.#free.splice(index, 1)[0];
		// Of a size that is no longer asked for.
		this.#free = [];
		return undefined;
	}

	#settle(taken: Buffer): void {
		this.#lentBytes -= taken.buffer.byteLength;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const wake of waiting) wake();
	}
}
