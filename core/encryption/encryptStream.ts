import { Transform, type TransformCallback } from 'node:stream';
import { discard } from '../blocks';
import type { SealedHeader } from './header';
import { chunkBytes, PayloadCipher } from './payload';

/** Turns bytes into an age file: header, nonce, sealed chunks. It holds one chunk. */
export class EncryptStream extends Transform {
	readonly #cipher: PayloadCipher;
	readonly #ownsBytes: boolean;
	/** The chunk that is being filled. A full one waits for more: the last one is sealed in another way. */
	readonly #chunk = Buffer.allocUnsafeSlow(chunkBytes);
	#filled = 0;

	/** @param ownsBytes whether the memory of what comes in is given back once it is encrypted */
	constructor({ header, fileKey }: SealedHeader, ownsBytes = false) {
		super({ highWaterMark: 1 });
		this.#ownsBytes = ownsBytes;
		const nonce = PayloadCipher.newNonce();
		this.#cipher = new PayloadCipher(fileKey, nonce);
		this.push(Buffer.concat([header, nonce]));
	}

	override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		const sealed: Buffer[] = [];
		let at = 0;
		while (at < bytes.length) {
			if (this.#filled === chunkBytes) sealed.push(...this.#seal(false));
			if (this.#filled === 0 && bytes.length - at > chunkBytes) {
				// More follows, so that it needs no waiting and no copy.
				sealed.push(...this.#cipher.seal(bytes.subarray(at, at + chunkBytes), false));
				at += chunkBytes;
				continue;
			}
			const taken = bytes.copy(this.#chunk, this.#filled, at);
			this.#filled += taken;
			at += taken;
		}
		// Together: each push is a write to the disk.
		if (sealed.length > 0) this.push(Buffer.concat(sealed));
		sealed.forEach(discard);
		if (this.#ownsBytes) discard(bytes);
		callback();
	}

	override _flush(callback: TransformCallback): void {
		this.push(Buffer.concat(this.#seal(true)));
		callback();
	}

	#seal(isLast: boolean): [ciphertext: Buffer, tag: Buffer] {
		const sealed = this.#cipher.seal(this.#chunk.subarray(0, this.#filled), isLast);
		this.#filled = 0;
		return sealed;
	}
}
