/**
 * How the values of an RDB are laid out, by type number. The numbers and layouts are those of `rdb.h` and
 * `rdb.c` in Redis 2.4 to 8.4 and Valkey to 9.
 */

/**
 * The parts that values are made of:
 *
 * - `string`: length and bytes, or one of the integer or compressed encodings
 * - `length`: a number in the format's variable width
 * - `eight`: eight bytes, a double or a time in milliseconds
 * - `text-double`: a byte of length and that many digits; 253 to 255 stand for nan and the infinities
 */
export type Part = 'string' | 'length' | 'eight' | 'text-double';

/** A run of parts. */
export interface Run {
	kind: 'run';
	/** Once, before everything else. */
	head: Part[];
	/** Whether a `length` says how often the element comes; once otherwise. */
	counted: boolean;
	element: Part[];
}

/** A stream, with what its version added. */
export interface StreamShape {
	kind: 'stream';
	version: 1 | 2 | 3;
}

/** The value of a module, written as parts that each say what they are. */
export interface ModuleShape {
	kind: 'module';
}

export type Shape = Run | StreamShape | ModuleShape;

const one = (...element: Part[]): Run => ({ kind: 'run', head: [], counted: false, element });
const many = (...element: Part[]): Run => ({ kind: 'run', head: [], counted: true, element });

/** Strings; and ziplists, listpacks, intsets and zipmaps, which are one string each. */
export const singleString: Shape = one('string');

const common: Record<number, Shape> = {
	0: singleString,
	// List and set, then sorted set and hash, as they are when they are large.
	1: many('string'),
	2: many('string'),
	3: many('string', 'text-double'),
	4: many('string', 'string'),
	5: many('string', 'eight'),
	7: { kind: 'module' },
	9: singleString,
	10: singleString,
	11: singleString,
	12: singleString,
	13: singleString,
	// Lists as chains of packed nodes; since Redis 7 each says how it is packed.
	14: many('string'),
	15: { kind: 'stream', version: 1 },
	16: singleString,
	17: singleString,
	18: many('length', 'string'),
	19: { kind: 'stream', version: 2 },
	20: singleString,
	21: { kind: 'stream', version: 3 },
};

/** Hashes whose fields expire: each of the two went its own way, with numbers that overlap. */
const redisOnly: Record<number, Shape> = {
	24: { kind: 'run', head: ['eight'], counted: true, element: ['length', 'string', 'string'] },
	25: one('eight', 'string'),
};
const valkeyOnly: Record<number, Shape> = {
	22: many('string', 'string', 'eight'),
};

/** The magic word of a file says whose numbers it uses. Valkey before 9 writes `REDIS`. */
export type RdbMagic = 'REDIS' | 'VALKEY';

/** The known shapes by type number; undefined where this version of the package does not know the type. */
export function shapesOf(magic: RdbMagic): Array<Shape | undefined> {
	const known = { ...common, ...(magic === 'VALKEY' ? valkeyOnly : redisOnly) };
	return Array.from({ length: 256 }, (_, type) => known[type]);
}
