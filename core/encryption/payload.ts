import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { BrokenSealError } from './brokenSeal';

/** Plain bytes of every chunk but the last one. */
export const chunkBytes = 64 * 1024;
/** Of the Poly1305 tag behind each chunk. */
export const tagBytes = 16;
export const nonceBytes = 16;

const algorithm = 'chacha20-poly1305';

/**
 * The payload of an age file, chunk by chunk (STREAM, https://c2sp.org/age#payload): each is sealed with a counter and
 * a flag that only the last one has, so that none can be cut off, swapped or left out unnoticed. The library's own
 * ChaCha20-Poly1305 is JavaScript; OpenSSL's is some seven times faster.
 */
export class PayloadCipher {
	readonly #key: Uint8Array;
	readonly #nonce = Buffer.alloc(12);
	#counter = 0;

	/** @param nonce of this payload; the {@link nonceBytes} before its first chunk */
	constructor(fileKey: Buffer, nonce: Buffer) {
		this.#key = new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
	}

	static newNonce(): Buffer {
		return randomBytes(nonceBytes);
	}

	/** The sealed chunk: ciphertext, then its tag. */
	seal(chunk: Buffer, isLast: boolean): [ciphertext: Buffer, tag: Buffer] {
		const cipher = createCipheriv(algorithm, this.#key, this.#nextNonce(isLast), {
			authTagLength: tagBytes,
		});
		const ciphertext = cipher.update(chunk);
		cipher.final();
		return [ciphertext, cipher.getAuthTag()];
	}

	/** @throws BackupError `damaged` when the chunk is not the one that was sealed in this place */
	open(sealed: Buffer, isLast: boolean): Buffer {
		const decipher = createDecipheriv(algorithm, this.#key, this.#nextNonce(isLast), {
			authTagLength: tagBytes,
		});
		const tagAt = sealed.length - tagBytes;
		if (tagAt < 0 || (tagAt === 0 && this.#counter > 1)) throw changed(this.#counter);
		decipher.setAuthTag(sealed.subarray(tagAt));
		const plain = decipher.update(sealed.subarray(0, tagAt));
		try {
			decipher.final();
		} catch (error) {
			throw changed(this.#counter, error);
		}
		return plain;
	}

	/** Eleven bytes of counter, one that is 1 for the last chunk. */
	#nextNonce(isLast: boolean): Buffer {
		this.#nonce.writeUIntBE(this.#counter++, 5, 6);
		this.#nonce[11] = isLast ? 1 : 0;
		return this.#nonce;
	}
}

function changed(chunk: number, cause?: unknown): BrokenSealError {
	const what = `The encrypted file was changed or cut off: chunk ${chunk} is not what was written`;
	return new BrokenSealError('damaged', what, cause);
}
