/** Numbers that look random and are the same in every run, so that every run measures the same data. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** 32 bits. The generator is "mulberry32" by Tommy Ettinger (public domain). */
	bits(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return (mixed ^ (mixed >>> 14)) >>> 0;
	}

	/** A whole number from 0 up to, not including, `end`. */
	below(end: number): number {
		return this.bits() % end;
	}

	pick<T>(choices: readonly T[]): T {
		return choices[this.below(choices.length)] as T;
	}

	/** Hexadecimal digits in lower case. */
	hex(digits: number): string {
		let text = '';
		while (text.length < digits) text += this.bits().toString(16).padStart(8, '0');
		return text.slice(0, digits);
	}

	uuid(): string {
		return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
	}

	/** Bytes that no compressor makes smaller, as in pictures. */
	bytes(count: number): Buffer {
		const buffer = Buffer.allocUnsafe(count);
		let at = 0;
		for (; at + 4 <= count; at += 4) buffer.writeUInt32LE(this.bits(), at);
		for (; at < count; at++) buffer[at] = this.below(256);
		return buffer;
	}

	/** Words in no order, as long as people's notes are. */
	sentence(words: number): string {
		return Array.from({ length: words }, () => this.pick(vocabulary)).join(' ');
	}
}

const vocabulary = (
	'the order was shipped to customer after payment had been received and a confirmation went out by mail ' +
	'please leave it with neighbours if nobody opens invoice attached refund requested because size did not fit ' +
	'Grüße vom Lager bitte prüfen Menge Artikel fehlt wurde nachgeliefert danke für Ihre Geduld ' +
	'webhook received payload validated enriched with data from CRM lead score updated assigned sales team follow ' +
	'up tomorrow meeting moved calendar link sent 感謝 質問 注文 urgent ticket escalated resolved closed reopened'
).split(' ');
