import { createHash } from 'node:crypto';
import { isForPeople } from '../judges/isForPeople.ts';

/** What was read, however it was cut, in a few bytes. */
export class Seen {
	#hash = createHash('sha256');

	note(...parts: Array<string | number | Buffer>): void {
		for (const part of parts) {
			const bytes = typeof part === 'object' ? part : Buffer.from(String(part));
			this.#hash.update(`|${bytes.length}:`).update(bytes);
		}
	}

	/** Bytes that go on where the last ones ended. */
	more(bytes: Buffer): void {
		this.#hash.update(bytes);
	}

	/**
	 * An error for people is all that counts in the end: what was read before it in one piece is not handed out. Any other
	 * error is thrown on.
	 */
	fault(error: unknown): void {
		if (!isForPeople(error)) throw error;
		this.#hash = createHash('sha256');
		this.note('code' in error ? String(error.code) : '');
	}

	digest(): string {
		return this.#hash.digest('hex');
	}
}
