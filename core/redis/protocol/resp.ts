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

/** Bytes of a reply's first line, and of an answer's longest bulk string: far more than any command here gets. */
const longest = 8 * 1024 * 1024;

/** Takes bytes in chunks of any size and gives replies one by one. For ordinary answers, not for bulk data. */
export class RespParser {
	#bytes: Buffer = Buffer.alloc(0);

	push(chunk: Buffer): void {
		this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
		if (this.#bytes.length > longest) throw new ProtocolError(this.#bytes.subarray(0, 32));
	}

	/** The next whole reply; undefined while there is none. */
	next(): Reply | undefined {
		const parsed = parseReply(this.#bytes, 0);
		if (!parsed) return undefined;
		this.#bytes = this.#bytes.subarray(parsed.end);
		return parsed.reply;
	}

	/** The bytes that belong to no reply yet, for whoever takes the connection over. */
	takeRest(): Buffer {
		const rest = this.#bytes;
		this.#bytes = Buffer.alloc(0);
		return rest;
	}
}

interface Parsed {
	reply: Reply;
	end: number;
}

function parseReply(bytes: Buffer, at: number): Parsed | undefined {
	if (at >= bytes.length) return undefined;
	const type = bytes.toString('latin1', at, at + 1);
	if (!'+-:$*'.includes(type)) throw new ProtocolError(bytes.subarray(at, at + 32));
	const lineEnd = bytes.indexOf('\r\n', at);
	if (lineEnd < 0) return undefined;
	const line = bytes.toString('utf8', at + 1, lineEnd);
	const end = lineEnd + 2;
	switch (type) {
		case '+':
			return { reply: line, end };
		case '-':
			return { reply: new ReplyError(line), end };
		case ':':
			return { reply: asNumber(line, bytes, at), end };
		case '$':
			return parseBulk(bytes, end, asNumber(line, bytes, at));
		default:
			return parseArray(bytes, end, asNumber(line, bytes, at));
	}
}

function parseBulk(bytes: Buffer, at: number, length: number): Parsed | undefined {
	if (length < 0) return { reply: null, end: at };
	const end = at + length + 2;
	if (end > bytes.length) return undefined;
	return { reply: bytes.toString('utf8', at, at + length), end };
}

function parseArray(bytes: Buffer, at: number, length: number): Parsed | undefined {
	if (length < 0) return { reply: null, end: at };
	const items: Reply[] = [];
	let end = at;
	for (let i = 0; i < length; i++) {
		const item = parseReply(bytes, end);
		if (!item) return undefined;
		items.push(item.reply);
		end = item.end;
	}
	return { reply: items, end };
}

function asNumber(line: string, bytes: Buffer, at: number): number {
	if (!/^[+-]?\d+$/.test(line)) throw new ProtocolError(bytes.subarray(at, at + 32));
	return Number(line);
}
