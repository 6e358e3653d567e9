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

/** One string. */
export interface Single {
	kind: 'single';
	/** Of a packed collection: its size when it has no elements. */
	emptyBytes?: number;
}

/** A run of parts; the value is empty when it has no strings, or only those of `emptyBytes`. */
export interface Run {
	kind: 'run';
	/** Once, before everything else. */
	head: Part[];
	/** Whether a `length` says how often the element comes; once otherwise. */
	counted: boolean;
	element: Part[];
	/** Where the strings are packed collections: the size of one without elements. */
	emptyBytes?: number;
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

export type Shape = Single | Run | StreamShape | ModuleShape;

const many = (...element: Part[]): Run => ({ kind: 'run', head: [], counted: true, element });

/** Bytes of the packed forms without any element: head and end mark. */
const empty = { zipmap: 2, listpack: 7, intset: 8, ziplist: 11 } as const;

const packedAs = (form: keyof typeof empty): Single => ({ kind: 'single', emptyBytes: empty[form] });

const common: Record<number, Shape> = {
	0: { kind: 'single' },
	// List and set, then sorted set and hash, as they are when they are large.
	1: many('string'),
	2: many('string'),
	3: many('string', 'text-double'),
	4: many('string', 'string'),
	5: many('string', 'eight'),
	7: { kind: 'module' },
	9: packedAs('zipmap'),
	10: packedAs('ziplist'),
	11: packedAs('intset'),
	12: packedAs('ziplist'),
	13: packedAs('ziplist'),
	// Lists as chains of packed nodes; since Redis 7 each says how it is packed.
	14: { ...many('string'), emptyBytes: empty.ziplist },
	15: { kind: 'stream', version: 1 },
	16: packedAs('listpack'),
	17: packedAs('listpack'),
	18: { ...many('length', 'string'), emptyBytes: empty.listpack },
	19: { kind: 'stream', version: 2 },
	20: packedAs('listpack'),
	21: { kind: 'stream', version: 3 },
};

/** Hashes whose fields expire: each of the two went its own way, with numbers that overlap. */
const redisOnly: Record<number, Shape> = {
	24: { kind: 'run', head: ['eight'], counted: true, element: ['length', 'string', 'string'] },
	25: { kind: 'run', head: ['eight'], counted: false, element: ['string'], emptyBytes: empty.listpack },
};
const valkeyOnly: Record<number, Shape> = {
	22: many('string', 'string', 'eight'),
};

/** The newest versions of the format whose types are all above. */
const newestKnown: Record<RdbMagic, number> = { REDIS: 12, VALKEY: 80 };

/** Whether a file of this version can hold types that this package does not know. */
export function mayHoldUnknown(magic: RdbMagic, version: number): boolean {
	return version > newestKnown[magic];
}

/** The magic word of a file says whose numbers it uses. Valkey before 9 writes `REDIS`. */
export type RdbMagic = 'REDIS' | 'VALKEY';

/** Nothing else is as quick to look at for each key: what a type's number says of values that are one string. */
export interface Singles {
	/** By type number: whether the value is one string. */
	isSingle: Uint8Array;
	/** By type number: the size of such a string when the collection in it has no elements; 0 for plain ones. */
	emptyBytes: Uint8Array;
}

export function singlesOf(shapes: Array<Shape | undefined>): Singles {
	return {
		isSingle: Uint8Array.from(shapes, (shape) => (shape?.kind === 'single' ? 1 : 0)),
		emptyBytes: Uint8Array.from(shapes, (shape) => (shape?.kind === 'single' ? (shape.emptyBytes ?? 0) : 0)),
	};
}

/** The known shapes by type number; undefined where this version of the package does not know the type. */
export function shapesOf(magic: RdbMagic): Array<Shape | undefined> {
	const known = { ...common, ...(magic === 'VALKEY' ? valkeyOnly : redisOnly) };
	return Array.from({ length: 256 }, (_, type) => known[type]);
}
