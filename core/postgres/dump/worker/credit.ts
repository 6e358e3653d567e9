/**
 * Back-pressure from the main thread to a worker: the worker spends a byte of credit for each byte that it
 * posts and waits where there is none left; the main thread gives it back once the bytes were taken.
 */
export class Credit {
	readonly shared: SharedArrayBuffer;
	readonly #left: Int32Array;

	private constructor(shared: SharedArrayBuffer) {
		this.shared = shared;
		this.#left = new Int32Array(shared);
	}

	static of(bytes: number): Credit {
		const credit = new Credit(new SharedArrayBuffer(4));
		credit.#left[0] = bytes;
		return credit;
	}

	/** The same credit, seen from the other thread. */
	static from(shared: SharedArrayBuffer): Credit {
		return new Credit(shared);
	}

	/** Blocks the worker until there is any credit, and takes `bytes` of it, if need be in advance. */
	spend(bytes: number): void {
		for (let left = Atomics.load(this.#left, 0); left <= 0; left = Atomics.load(this.#left, 0)) {
			Atomics.wait(this.#left, 0, left);
		}
		Atomics.sub(this.#left, 0, bytes);
	}

	giveBack(bytes: number): void {
		Atomics.add(this.#left, 0, bytes);
		Atomics.notify(this.#left, 0);
	}
}
