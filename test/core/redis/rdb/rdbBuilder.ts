import { Crc64 } from '../../../../core/redis/rdb/crc64';

/** Writes RDB bytes by hand, for types that no server at hand writes, and for files that are wrong on purpose. */
export const byte = (...values: number[]) => Buffer.from(values);

/** A number in the format's variable width. */
export function length(value: number | bigint): Buffer {
	if (value < 64) return byte(Number(value));
	if (value < 16384) return byte(0x40 | (Number(value) >> 8), Number(value) & 0xff);
	if (value < 2 ** 32) {
		const wide = Buffer.alloc(5, 0x80);
		wide.writeUInt32BE(Number(value), 1);
		return wide;
	}
	const widest = Buffer.alloc(9, 0x81);
	widest.writeBigUInt64BE(BigInt(value), 1);
	return widest;
}

export const string = (text: string) => Buffer.concat([length(Buffer.byteLength(text)), Buffer.from(text)]);

/** A string as LZF would be announced; its bytes are not looked at. */
export const compressed = (bytes: number) =>
	Buffer.concat([byte(0xc3), length(bytes), length(bytes * 3), Buffer.alloc(bytes, 0xab)]);

export const eight = () => Buffer.alloc(8, 0x7f);

export const key = (type: number, name: string, ...value: Buffer[]) =>
	Buffer.concat([byte(type), string(name), ...value]);

export const aux = (name: string, value: string) => Buffer.concat([byte(250), string(name), string(value)]);

export const selectDb = (database: number) => Buffer.concat([byte(254), length(database)]);

export interface RdbOptions {
	head?: string;
	/** `none`: nothing behind the end mark, as before version 5. */
	checksum?: 'right' | 'zero' | 'none';
}

export function rdb(parts: Buffer[], { head = 'REDIS0010', checksum = 'right' }: RdbOptions = {}): Buffer {
	const body = Buffer.concat([Buffer.from(head), ...parts, byte(255)]);
	if (checksum === 'none') return body;
	if (checksum === 'zero') return Buffer.concat([body, Buffer.alloc(8)]);
	const crc = new Crc64();
	crc.update(body);
	return Buffer.concat([body, Buffer.from(crc.toString(), 'hex').reverse()]);
}
