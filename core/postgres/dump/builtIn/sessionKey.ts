import { Transform, type TransformCallback } from 'node:stream';

const backendKeyData = 'K'.charCodeAt(0);
const readyForQuery = 'Z'.charCodeAt(0);

/** Type and length. */
const headerBytes = 5;

/**
 * Reads in passing the key that a server gives each session (BackendKeyData), which is what a CancelRequest has to
 * show. Everything passes as it is; after the log-in nothing is looked at any more.
 *
 * Source: PostgreSQL's documentation, "Message Flow" and "Message Formats".
 */
export class SessionKeyReader extends Transform {
	/** Process id and secret as the server sent them; undefined before the log-in is done. */
	key: Buffer | undefined;
	#unread: Buffer = Buffer.alloc(0);
	#isDone = false;

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		if (!this.#isDone) this.#read(Buffer.concat([this.#unread, chunk]));
		callback(null, chunk);
	}

	/** The messages of a log-in are short: nothing but the beginning of one is ever kept. */
	#read(bytes: Buffer): void {
		let position = 0;
		while (!this.#isDone && bytes.length >= position + headerBytes) {
			const end = position + 1 + bytes.readInt32BE(position + 1);
			if (bytes.length < end) break;
			const type = bytes[position];
			if (type === backendKeyData) this.key = Buffer.from(bytes.subarray(position + headerBytes, end));
			this.#isDone = type === backendKeyData || type === readyForQuery;
			position = end;
		}
		this.#unread = this.#isDone ? Buffer.alloc(0) : Buffer.from(bytes.subarray(position));
	}
}
