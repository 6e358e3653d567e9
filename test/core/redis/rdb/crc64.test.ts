import { Crc64 } from '../../../../core/redis/rdb/crc64';

const crcOf = (...chunks: Buffer[]) => {
	const crc = new Crc64();
	for (const chunk of chunks) crc.update(chunk);
	return crc;
};

describe('CRC-64', () => {
	it('has the check value of the Jones polynomial', () => {
		expect(crcOf(Buffer.from('123456789')).toString()).toBe('e9c6d914c4b8d9ca');
	});

	it('agrees with the definition, bit by bit', () => {
		const text =
			'This is a test of the emergency broadcast system. Thank you for your patience while we make adjustments';
		const bitByBit = slowCrc(Buffer.from(text));
		expect(crcOf(Buffer.from(text)).toString()).toBe(bitByBit);
	});

	it('does not depend on how the bytes are cut, nor on where they lie in memory', () => {
		const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 37) % 256));
		const whole = crcOf(bytes).toString();
		for (let cut = 0; cut <= bytes.length; cut++) {
			expect(crcOf(bytes.subarray(0, cut), bytes.subarray(cut)).toString()).toBe(whole);
		}
	});

	it('is zero behind its own value, low byte first', () => {
		const bytes = Buffer.from('anything at all');
		const sum = Buffer.from(crcOf(bytes).toString(), 'hex').reverse();
		expect(crcOf(bytes, sum).isZero).toBe(true);
		expect(crcOf(bytes, Buffer.alloc(8)).isZero).toBe(false);
	});
});

/** The definition, bit by bit. */
function slowCrc(bytes: Buffer): string {
	const reversedPolynomial = 0x95ac9329ac4bc9b5n;
	let crc = 0n;
	for (const byte of bytes) {
		crc ^= BigInt(byte);
		for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ reversedPolynomial : crc >> 1n;
	}
	return crc.toString(16).padStart(16, '0');
}
