import { Transform, type TransformCallback } from 'node:stream';

const authentication = 'R'.charCodeAt(0);

/** AuthenticationSASL (PostgreSQL's protocol documentation, "Message Formats"). */
const saslRequest = 10;

/** Type, length, kind of authentication. */
const headerBytes = 9;

/**
 * Takes `SCRAM-SHA-256-PLUS` out of the mechanisms that a server offers. It binds the log-in to a TLS connection,
 * and the pg_dump behind this stream cannot see that there is one: Node does TLS. Its libpq would refuse.
 *
 * Only the first message of a connection can be that offer; everything else passes as it is.
 */
export class PasswordOnlySasl extends Transform {
	#pending: Buffer = Buffer.alloc(0);
	#isDone = false;

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		if (this.#isDone) {
			callback(null, chunk);
			return;
		}
		const bytes = Buffer.concat([this.#pending, chunk]);
		this.#pending = bytes;
		if (!isDecidable(bytes)) {
			callback();
			return;
		}
		this.#isDone = true;
		this.#pending = Buffer.alloc(0);
		callback(null, isSaslRequest(bytes) ? withoutChannelBinding(bytes) : bytes);
	}

	override _flush(callback: TransformCallback): void {
		callback(null, this.#pending);
	}
}

/** Another message than an authentication request, or a whole one. */
function isDecidable(bytes: Buffer): boolean {
	if (bytes[0] !== authentication) return bytes.length > 0;
	return bytes.length >= headerBytes && bytes.length >= 1 + bytes.readInt32BE(1);
}

function isSaslRequest(bytes: Buffer): boolean {
	return bytes[0] === authentication && bytes.readInt32BE(5) === saslRequest;
}

function withoutChannelBinding(bytes: Buffer): Buffer {
	const end = 1 + bytes.readInt32BE(1);
	const offered = bytes.toString('latin1', headerBytes, end).split('\0').filter(Boolean);
	const kept = offered.filter((mechanism) => !mechanism.endsWith('-PLUS'));
	const list = Buffer.from(kept.map((mechanism) => `${mechanism}\0`).join('') + '\0', 'latin1');
	const header = Buffer.from(bytes.subarray(0, headerBytes));
	header.writeInt32BE(headerBytes - 1 + list.length, 1);
	return Buffer.concat([header, list, bytes.subarray(end)]);
}
