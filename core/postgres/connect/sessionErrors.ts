import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { readErrorFields } from './errorFields';

/** How pg calls the fields of an error that are text for people. */
const names: Record<string, string> = {
	M: 'message',
	D: 'detail',
	H: 'hint',
	W: 'where',
	s: 'schema',
	t: 'table',
	c: 'column',
	d: 'dataType',
	n: 'constraint',
};

const [errorResponse, parameterStatus] = [...'ES'].map((type) => type.charCodeAt(0));

/** Type and length. */
const headerBytes = 5;

/**
 * What a server says against a session, read in the encoding that the session has at that moment (a dump brings its own,
 * LATIN1 for example). Watches everything that the server sends; what is none of its business it does not keep.
 */
export class SessionErrors {
	readonly #errors: Array<Record<string, string>> = [];
	#encoding = 'UTF8';
	#head = Buffer.alloc(0);
	/** Of a message that is wanted. */
	#body: Buffer[] | undefined;
	#bodyLeft = 0;

	/** Takes the next bytes that the server sent. */
	take(chunk: Buffer): void {
		for (let at = 0; at < chunk.length;) {
			if (this.#bodyLeft === 0) {
				const missing = headerBytes - this.#head.length;
				this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + missing)]);
				at += missing;
				if (this.#head.length === headerBytes) this.#begin();
			} else {
				const piece = chunk.subarray(at, at + this.#bodyLeft);
				this.#body?.push(piece);
				this.#bodyLeft -= piece.length;
				at += piece.length;
			}
			if (this.#head.length === headerBytes && this.#bodyLeft === 0) this.#end();
		}
	}

	/** The first error that was not asked for yet, in the fields that pg has. */
	next(): Record<string, string> {
		return this.#errors.shift() ?? {};
	}

	#begin(): void {
		const isWanted = [errorResponse, parameterStatus].includes(this.#head[0]);
		this.#body = isWanted ? [] : undefined;
		// A length that is no length is for pg to complain about.
		this.#bodyLeft = Math.max(0, this.#head.readInt32BE(1) - 4);
	}

	#end(): void {
		const type = this.#head[0];
		const body = Buffer.concat(this.#body ?? []);
		this.#head = Buffer.alloc(0);
		this.#body = undefined;
		if (type === errorResponse) this.#keep(body);
		else if (type === parameterStatus) this.#adopt(body);
	}

	#keep(body: Buffer): void {
		const fields = [...(readErrorFields(body, this.#encoding) ?? [])];
		const known = fields.flatMap(([letter, text]) => {
			const name = names[letter];
			return name === undefined ? [] : [[name, text]];
		});
		this.#errors.push(Object.fromEntries(known) as Record<string, string>);
	}

	#adopt(body: Buffer): void {
		const [name, value] = body.toString('latin1').split('\0');
		if (name === 'client_encoding' && value) this.#encoding = value;
	}
}

/**
 * Has the errors of a client read in its session's encoding; pg takes everything for UTF-8. To be called before it
 * connects.
 */
export function readSessionErrors(client: pg.Client, stream: Duplex): void {
	const errors = new SessionErrors();
	stream.on('data', (chunk: Buffer) => errors.take(chunk));
	client.connection.on('errorMessage', (error: Error) => void Object.assign(error, errors.next()));
}
