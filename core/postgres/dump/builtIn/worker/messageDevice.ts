import { unknownText } from '../../../../errors';

/** Takes a program's standard error byte by byte, and passes it on line by line. */
export class MessageDevice {
	readonly #onLine: (line: string) => void;
	#bytes: number[] = [];

	constructor(onLine: (line: string) => void) {
		this.#onLine = onLine;
	}

	/** @param byte signed, as emscripten's memory has it */
	write(byte: number): void {
		if (byte !== 0x0a) return void this.#bytes.push(byte & 0xff);
		this.#onLine(unknownText(Buffer.from(this.#bytes)));
		this.#bytes = [];
	}
}
