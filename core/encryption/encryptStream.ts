import { Transform, type TransformCallback } from 'node:stream';
import type { SealedHeader } from './header';
import { chunkBytes, PayloadCipher } from './payload';

/** Turns bytes into an age file: header, nonce, sealed chunks. It holds one chunk. */
export class EncryptStream extends Transform {
	readonly #cipher: PayloadCipher;
	/** The chunk that is being filled. A full one waits for more: the last one is sealed in another way. */
	readonly #chunk = Buffer.allocUnsafeSlow(chunkBytes);
	#filled = 0;

	constructor({ header, fileKey }: SealedHeader) {
		super({ highWaterMark: 1 });
		const nonce = PayloadCipher.newNonce();
		this.#cipher = new PayloadCipher(fileKey, nonce);
		this.push(Buffer.concat([header, nonce]));
	}

	override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		let at = 0;
		while (at < bytes.length) {
			if (this.#filled === chunkBytes) this.#seal(false);
			const taken = bytes.copy(this.#chunk, this.#filled, at);
			this.#filled += taken;
			at += taken;
		}
		callback();
	}

	override _flush(callback: TransformCallback): void {
		this.#seal(true);
		callback();
	}

	#seal(isLast: boolean): void {
		for (const part of this.#cipher.seal(this.#chunk.subarray(0, this.#filled), isLast)) this.push(part);
		this.#filled = 0;
	}
}
