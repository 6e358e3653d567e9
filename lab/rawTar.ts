/** Where the fields of a header lie: offset and length in bytes. */
export const fields = {
	name: [0, 100],
	mode: [100, 8],
	uid: [108, 8],
	gid: [116, 8],
	size: [124, 12],
	mtime: [136, 12],
	type: [156, 1],
	linkName: [157, 100],
	magic: [257, 8],
} as const;

export type RawFields = Partial<Record<keyof typeof fields, string | Buffer>>;

const ordinary: RawFields = {
	name: 'file',
	mode: '0000644\0',
	uid: '0001750\0',
	gid: '0001750\0',
	size: '00000000000\0',
	mtime: '14524761400\0',
	type: '0',
	magic: 'ustar  \0',
};

/** A header with just these bytes in its fields, and the right checksum. */
export function rawHeader(changed: RawFields): Buffer {
	const block = Buffer.alloc(512);
	for (const [name, value] of Object.entries({ ...ordinary, ...changed })) {
		const [at, length] = fields[name as keyof typeof fields];
		(typeof value === 'string' ? Buffer.from(value, 'latin1') : value).copy(block, at, 0, length);
	}
	block.fill(0x20, 148, 156);
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return block;
}

/** A header that is about the next one (a long name, pax records), with its content. */
export function special(type: string, content: string | Buffer, size?: string | Buffer): Buffer {
	const bytes = Buffer.from(content as string);
	const octal = `${bytes.length.toString(8).padStart(11, '0')}\0`;
	return Buffer.concat([rawHeader({ name: 'special', type, size: size ?? octal }), padded(bytes)]);
}

/** A record of a pax header with the length that it needs. */
export function paxRecord(keyword: string, value: string): string {
	const rest = ` ${keyword}=${value}\n`;
	let length = rest.length + 1;
	while (String(length).length + rest.length !== length) length++;
	return `${length}${rest}`;
}

export function padded(bytes: Buffer): Buffer {
	return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function base256(value: bigint, length: number): Buffer {
	const bytes = Buffer.alloc(length);
	let rest = BigInt.asUintN(length * 8, value);
	for (let i = length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
	bytes[0]! |= 0x80;
	return bytes;
}
