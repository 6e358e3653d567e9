/** Bounds of what a number in a header may be. */
interface Bounds {
	least: bigint;
	most: bigint;
}

const mostInOctets = (octets: bigint): bigint => (1n << (octets * 8n)) - 1n;

/** What each number may be, as GNU tar takes it (src/list.c, `from_header`). */
export const bounds = {
	mode: { least: 0n, most: mostInOctets(8n) },
	owner: { least: 0n, most: mostInOctets(4n) },
	checksum: { least: 0n, most: mostInOctets(4n) },
	/** Positions behind it must stay exact. */
	size: { least: 0n, most: BigInt(Number.MAX_SAFE_INTEGER) },
	time: { least: -(1n << 63n), most: (1n << 63n) - 1n },
} as const satisfies Record<string, Bounds>;

const digits = { first: 0x30, last: 0x37 };
const base256 = { positive: 0x80, negative: 0xff };

/**
 * A number in a header: octal digits, or base 256 behind a byte 0x80 or 0xff. Stricter than GNU tar where that one
 * guesses, and never more lenient: what one reader takes for another number than the next hides members.
 *
 * @returns undefined for what is no number or out of bounds
 */
export function readNumber(field: Buffer, { least, most }: Bounds): bigint | undefined {
	const value = readBase256(field) ?? readOctal(field);
	return value === undefined || value < least || value > most ? undefined : value;
}

/** A time that is exact in a number of ours: the nearest to it, which a file may have as well. */
export function toTime(seconds: bigint): number {
	const farthest = BigInt(Number.MAX_SAFE_INTEGER);
	return Number(seconds > farthest ? farthest : seconds < -farthest ? -farthest : seconds);
}

/** One zero byte and any white space may be in front; what follows the digits is nothing, a zero byte or white space. */
function readOctal(field: Buffer): bigint | undefined {
	let at = field[0] === 0 ? 1 : 0;
	while (isSpace(field[at])) at++;
	if (at === field.length) return undefined;
	let value = 0;
	for (; isDigit(field[at]); at++) value = value * 8 + field[at]! - digits.first;
	const isEnded = at === field.length || field[at] === 0 || isSpace(field[at]);
	// Twelve digits are less than a number of ours holds.
	return isEnded ? BigInt(value) : undefined;
}

function readBase256(field: Buffer): bigint | undefined {
	if (field[0] !== base256.positive && field[0] !== base256.negative) return undefined;
	let value = 0n;
	for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
	return field[0] === base256.negative ? value - (1n << BigInt((field.length - 1) * 8)) : value;
}

function isDigit(byte: number | undefined): boolean {
	return byte !== undefined && byte >= digits.first && byte <= digits.last;
}

function isSpace(byte: number | undefined): boolean {
	return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
