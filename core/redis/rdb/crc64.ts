/**
 * CRC-64/Jones, the checksum at the end of every RDB: polynomial 0xad93d23594c935a9, reflected, from zero, with
 * no final xor. The CRC of `123456789` is e9c6d914c4b8d9ca.
 *
 * Eight bytes a step by table look-ups ("slicing by 8", M. E. Kounavis and F. L. Berry, 2008). JavaScript has
 * no fast 64-bit integers, so the tables and the state are kept as two halves of 32 bits.
 */

/** The polynomial with its bits reversed: low and high half. */
const polynomialLow = 0xac4bc9b5 | 0;
const polynomialHigh = 0x95ac9329 | 0;

const slices = 8;

/** `low[256 * k + b]`: what byte `b` becomes after `k` more zero bytes. */
const low = new Int32Array(256 * slices);
const high = new Int32Array(256 * slices);
fillTables();

function fillTables(): void {
	for (let byte = 0; byte < 256; byte++) {
		let l = byte;
		let h = 0;
		for (let bit = 0; bit < 8; bit++) {
			const carry = l & 1;
			l = (l >>> 1) | (h << 31);
			h >>>= 1;
			if (carry) {
				l ^= polynomialLow;
				h ^= polynomialHigh;
			}
		}
		low[byte] = l;
		high[byte] = h;
	}
	for (let i = 256; i < low.length; i++) {
		const l = low[i - 256]!;
		const h = high[i - 256]!;
		low[i] = ((l >>> 8) | (h << 24)) ^ low[l & 0xff]!;
		high[i] = (h >>> 8) ^ high[l & 0xff]!;
	}
}

/** A running CRC-64. Feed it bytes in order, in chunks of any size. */
export class Crc64 {
	#low = 0;
	#high = 0;

	update(bytes: Uint8Array): void {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		const end = bytes.length;
		let l = this.#low;
		let h = this.#high;
		let i = 0;
		for (const last = end - 8; i <= last; i += 8) {
			l ^= view.getInt32(i, true);
			h ^= view.getInt32(i + 4, true);
			// The first of the eight bytes is followed by seven more, the last by none.
			const a = 7 * 256 + (l & 0xff);
			const b = 6 * 256 + ((l >>> 8) & 0xff);
			const c = 5 * 256 + ((l >>> 16) & 0xff);
			const d = 4 * 256 + (l >>> 24);
			const e = 3 * 256 + (h & 0xff);
			const f = 2 * 256 + ((h >>> 8) & 0xff);
			const g = 256 + ((h >>> 16) & 0xff);
			const k = h >>> 24;
			l = low[a]! ^ low[b]! ^ low[c]! ^ low[d]! ^ low[e]! ^ low[f]! ^ low[g]! ^ low[k]!;
			h = high[a]! ^ high[b]! ^ high[c]! ^ high[d]! ^ high[e]! ^ high[f]! ^ high[g]! ^ high[k]!;
		}
		for (; i < end; i++) {
			const index = (l ^ bytes[i]!) & 0xff;
			l = ((l >>> 8) | (h << 24)) ^ low[index]!;
			h = (h >>> 8) ^ high[index]!;
		}
		this.#low = l;
		this.#high = h;
	}

	/** True after the bytes and their own CRC, low byte first, have passed: such a sum is always zero. */
	get isZero(): boolean {
		return this.#low === 0 && this.#high === 0;
	}

	/** The CRC so far, sixteen hexadecimal digits. */
	toString(): string {
		const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0');
		return hex(this.#high) + hex(this.#low);
	}
}
