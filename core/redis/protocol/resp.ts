/**
 * RESP2, the protocol that Redis and its kin speak (https://redis.io/docs/latest/develop/reference/protocol-spec).
 */

/** An error that the server answered, such as `NOAUTH Authentication required.` */
export class ReplyError {
	readonly message: string;

	constructor(message: string) {
		this.message = message;
	}

	/** The first word, which says what kind of error it is: `NOAUTH`, `ERR`. */
	get kind(): string {
		return this.message.split(' ', 1)[0] ?? '';
	}
}

export type Reply = string | number | null | ReplyError | Reply[];

/** Thrown where the bytes are not RESP. */
export class ProtocolError extends Error {
	override readonly name = 'ProtocolError';
	/** The bytes that cannot be, as far as they help. */
	readonly bytes: Buffer;

	constructor(bytes: Buffer) {
		super('The answer is not in the Redis protocol');
		this.bytes = bytes;
	}
}

/** A command as RESP, an array of bulk strings. */
export function encodeCommand(args: string[]): Buffer {
	const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
	return Buffer.from(`*${args.length}\r\n${parts.join('')}`);
}

/** Bytes of a reply: far more than any command here gets. */
const longest = 8 * 1024 * 1024;
/** Arrays within arrays: twice as many as hiredis, Redis’ own client, takes. */
const deepest = 16;

/** An array whose items have not all come. */
interface OpenArray {
	items: Reply[];
	length: number;
}

/** Takes bytes in chunks of any size and gives replies one by one. For ordinary answers, not for bulk data. */
export class RespParser {
	/** Grows to twice its size, and is parsed from where the last chunk ended: each byte is worked on once. */
	#room: Buffer = Buffer.alloc(0);
	/** Of the next reply in `#room`. */
	#start = 0;
	/** Of what is parsed of that reply. */
	#parsed = 0;
	/** Of what has come. */
	#end = 0;
	/** Up to here no line ends behind `#parsed`. */
	#searched = 0;
	/** The arrays that hold what comes next, the innermost last. */
	readonly #open: OpenArray[] = [];

	push(chunk: Buffer): void {
		const held = this.#end - this.#start;
		if (this.#end + chunk.length > this.#room.length) {
			const room = Buffer.allocUnsafe(2 * (held + chunk.length));
			this.#room.copy(room, 0, this.#start, this.#end);
			this.#room = room;
			this.#parsed -= this.#start;
			this.#searched -= this.#start;
			this.#start = 0;
			this.#end = held;
		}
		this.#end += chunk.copy(this.#room, this.#end);
	}

	/**
	 * The next whole reply; undefined while there is none.
	 *
	 * @throws {ProtocolError}
	 */
	next(): Reply | undefined {
		for (;;) {
			const reply = this.#nextItem();
			const bytes = (reply === undefined ? this.#end : this.#parsed) - this.#start;
			if (bytes > longest) throw this.#misunderstood(this.#start);
			if (reply === undefined) return undefined;
			const whole = this.#putAway(reply);
			if (whole === undefined) continue;
			this.#start = this.#parsed;
			return whole;
		}
	}

	/** The bytes that belong to no reply yet, for whoever takes the connection over. */
	takeRest(): Buffer {
		const rest = Buffer.from(this.#room.subarray(this.#start, this.#end));
		this.#start = this.#parsed = this.#searched = this.#end = 0;
		this.#open.length = 0;
		return rest;
	}

	/** Into the innermost array; answers the reply that is whole by it. */
	#putAway(reply: Reply): Reply | undefined {
		let whole = reply;
		for (let array = this.#open.at(-1); array; array = this.#open.at(-1)) {
			array.items.push(whole);
			if (array.items.length < array.length) return undefined;
			whole = array.items;
			this.#open.pop();
		}
		return whole;
	}

	/** A reply that holds no others. Arrays are opened on the way to it. */
	#nextItem(): Reply | undefined {
		for (;;) {
			const at = this.#parsed;
			const line = this.#line();
			if (line === undefined) return undefined;
			const { type, text, end } = line;
			this.#parsed = end;
			if (type === '+') return text;
			if (type === '-') return new ReplyError(text);
			const number = this.#number(text, at);
			if (type === ':') return number;
			if (number < 0) return null;
			if (type === '$') {
				this.#parsed = end + number + 2;
				if (this.#parsed <= this.#end) return this.#room.toString('utf8', end, end + number);
				this.#parsed = at;
				return undefined;
			}
			if (number === 0) return [];
			if (this.#open.length === deepest) throw this.#misunderstood(at);
			this.#open.push({ items: [], length: number });
		}
	}

	#line(): { type: string; text: string; end: number } | undefined {
		const at = this.#parsed;
		if (at >= this.#end) return undefined;
		const type = this.#room.toString('latin1', at, at + 1);
		if (!'+-:$*'.includes(type)) throw this.#misunderstood(at);
		const lineEnd = this.#room.subarray(0, this.#end).indexOf('\r\n', Math.max(at, this.#searched));
		// The last byte may be the first half of the line's end.
		this.#searched = lineEnd < 0 ? this.#end - 1 : 0;
		if (lineEnd < 0) return undefined;
		return { type, text: this.#room.toString('utf8', at + 1, lineEnd), end: lineEnd + 2 };
	}

	#number(text: string, at: number): number {
		if (!/^[+-]?\d+$/.test(text)) throw this.#misunderstood(at);
		return Number(text);
	}

	#misunderstood(at: number): ProtocolError {
		return new ProtocolError(Buffer.from(this.#room.subarray(at, Math.min(at + 32, this.#end))));
	}
}
