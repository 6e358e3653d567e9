import { unknownText } from '../errors';

/** Keeps the last bytes of a text of any length, as of the messages that a command writes. */
export class Tail {
	readonly #limit: number;
	#bytes: Buffer = Buffer.alloc(0);
	#isCut = false;

	/** @param limit bytes to keep */
	constructor(limit: number) {
		this.#limit = limit;
	}

	add(bytes: Buffer): void {
		const all = Buffer.concat([this.#bytes, bytes]);
		this.#isCut ||= all.length > this.#limit;
		this.#bytes = all.subarray(-this.#limit);
	}

	get text(): string {
		return `${this.#isCut ? '… ' : ''}${unknownText(this.#bytes).trim()}`;
	}
}
