import { type Part, type Run, type Shape, shapesOf, singlesOf } from './valueShapes';
import { RdbOutline } from './rdbOutline';
import { RdbFormatError, RdbReader } from './rdbReader';

/** What stands between keys, by number (`rdb.h`). Everything below is a value's type. */
const opcode = {
	slotImport: 243,
	slotInfo: 244,
	function: 245,
	moduleAux: 247,
	idle: 248,
	frequency: 249,
	aux: 250,
	resizeDb: 251,
	expireMs: 252,
	expire: 253,
	selectDb: 254,
	end: 255,
} as const;

/** Module values end with 0; the rest says how the next part is written. */
const modulePart = { end: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;

/**
 * Walks over the structure of an RDB while its bytes pass, in constant memory: every key, every value of every
 * type, up to the end opcode. Values are passed over, not decoded.
 *
 * The walk itself is a generator that reads like the format's grammar and yields where it needs more bytes.
 * {@link push} and {@link end} throw an {@link RdbFormatError} where the bytes make no sense.
 */
export class RdbWalker {
	readonly outline = new RdbOutline();
	readonly #reader = new RdbReader();
	readonly #walk = this.#file();
	#done = false;

	push(chunk: Buffer): void {
		if (!this.#done) this.#reader.feed(chunk, this.#advance);
	}

	end(): void {
		if (!this.#done) this.#reader.end(this.#advance);
	}

	#advance = (): void => {
		if (this.#done) return;
		try {
			if (this.#walk.next().done) this.#done = true;
		} catch (error) {
			this.#done = true;
			throw error;
		}
	};

	*#file(): Generator<void, void, void> {
		const { outline } = this;
		const reader = this.#reader;
		while (reader.starved) yield;
		const shapes = this.#magic();
		const { isSingle, emptyBytes } = singlesOf(shapes);
		let database = 0;
		let keysBefore = 0;
		for (;;) {
			while (reader.starved) yield;
			const type = reader.byte();
			if (isSingle[type] === 1) {
				// Most values of most servers; no generator of its own for each.
				reader.skipString();
				while (reader.starved) yield;
				const bytes = reader.skipString();
				if (bytes === emptyBytes[type] && bytes > 0) outline.emptyKeys++;
				outline.keys++;
				continue;
			}
			const shape = shapes[type];
			if (shape !== undefined) {
				reader.skipString();
				yield* this.#value(shape);
				outline.keys++;
				continue;
			}
			switch (type) {
				case opcode.end:
					if (outline.keys > keysBefore) outline.noteDatabase(database);
					outline.endOffset = reader.offset;
					return;
				case opcode.selectDb:
					if (outline.keys > keysBefore) outline.noteDatabase(database);
					keysBefore = outline.keys;
					database = reader.length();
					break;
				case opcode.expireMs:
					outline.expiring++;
					reader.skip(8);
					break;
				case opcode.expire:
					outline.expiring++;
					reader.skip(4);
					break;
				case opcode.resizeDb:
					reader.length();
					reader.length();
					break;
				case opcode.frequency:
					reader.skip(1);
					break;
				case opcode.idle:
					reader.length();
					break;
				case opcode.aux:
					yield* this.#aux();
					break;
				case opcode.function:
					reader.skipString();
					break;
				case opcode.slotInfo:
					reader.length();
					reader.length();
					reader.length();
					break;
				case opcode.moduleAux:
					yield* this.#module();
					break;
				default:
					if (type === opcode.slotImport && outline.magic === 'VALKEY') {
						yield* this.#parts(['string']);
						yield* this.#elements(['length', 'length']);
						break;
					}
					outline.unknown = { type, offset: reader.offset - 1 };
					return;
			}
		}
	}

	*#number(): Generator<void, number, void> {
		while (this.#reader.starved) yield;
		return this.#reader.length();
	}

	/** `REDIS` and four digits, or `VALKEY` and three. */
	#magic(): Array<Shape | undefined> {
		const reader = this.#reader;
		const head = String.fromCharCode(...Array.from({ length: 9 }, () => reader.byte()));
		const match = /^(REDIS)(\d{4})$|^(VALKEY)(\d{3})$/.exec(head);
		if (!match) throw new RdbFormatError('It does not begin with the word REDIS or VALKEY', 0);
		const magic = match[1] ? 'REDIS' : 'VALKEY';
		this.outline.magic = magic;
		this.outline.version = Number(match[2] ?? match[4]);
		return shapesOf(magic);
	}

	*#aux(): Generator<void, void, void> {
		const reader = this.#reader;
		while (reader.starved) yield;
		const name = reader.shortString();
		while (reader.starved) yield;
		const value = reader.shortString();
		if (name !== undefined && value !== undefined) this.outline.noteFact(name, value);
	}

	*#value(shape: Shape): Generator<void, void, void> {
		switch (shape.kind) {
			case 'single':
				yield* this.#parts(['string']);
				break;
			case 'run':
				if (shape.head.length > 0) yield* this.#parts(shape.head);
				yield* this.#run(shape);
				break;
			case 'stream':
				yield* this.#stream(shape.version);
				break;
			case 'module':
				yield* this.#module();
				break;
		}
	}

	/** The elements of a collection. */
	*#run({ counted, element, emptyBytes = 0 }: Run): Generator<void, void, void> {
		const reader = this.#reader;
		while (reader.starved) yield;
		let isEmpty = true;
		for (let left = counted ? reader.length() : 1; left > 0; left--) {
			for (const part of element) {
				while (reader.starved) yield;
				if (part !== 'string') this.#part(part);
				else if (reader.skipString() !== emptyBytes || emptyBytes === 0) isEmpty = false;
			}
		}
		if (isEmpty) this.outline.emptyKeys++;
	}

	/** A number, and that many times the parts. */
	*#elements(parts: Part[]): Generator<void, void, void> {
		for (let left = yield* this.#number(); left > 0; left--) yield* this.#parts(parts);
	}

	*#parts(parts: Part[]): Generator<void, void, void> {
		for (const part of parts) {
			while (this.#reader.starved) yield;
			this.#part(part);
		}
	}

	#part(part: Part): void {
		const reader = this.#reader;
		switch (part) {
			case 'string':
				reader.skipString();
				break;
			case 'length':
				reader.length();
				break;
			case 'eight':
				reader.skip(8);
				break;
			case 'text-double': {
				const length = reader.byte();
				if (length < 253) reader.skip(length);
				break;
			}
		}
	}

	*#stream(version: number): Generator<void, void, void> {
		// Nodes of entries by their first id; then the number of entries and the last id.
		yield* this.#elements(['string', 'string']);
		yield* this.#parts(['length', 'length', 'length']);
		// First id, highest deleted id, entries ever added.
		if (version >= 2) yield* this.#parts(['length', 'length', 'length', 'length', 'length']);
		for (let groups = yield* this.#number(); groups > 0; groups--) {
			yield* this.#parts(
				version >= 2 ? ['string', 'length', 'length', 'length'] : ['string', 'length', 'length'],
			);
			// Pending entries: id, time of delivery, count of deliveries.
			yield* this.#elements(['eight', 'eight', 'eight', 'length']);
			for (let consumers = yield* this.#number(); consumers > 0; consumers--) {
				// Name, when it was seen and, since version 3, when it was active; then the ids that it holds.
				yield* this.#parts(version >= 3 ? ['string', 'eight', 'eight'] : ['string', 'eight']);
				yield* this.#elements(['eight', 'eight']);
			}
		}
	}

	/** A module's value or its data outside of keys; the latter begins with one more part. */
	*#module(): Generator<void, void, void> {
		const reader = this.#reader;
		while (reader.starved) yield;
		this.outline.noteModule(moduleName(reader.bigLength()));
		for (;;) {
			while (reader.starved) yield;
			switch (reader.length()) {
				case modulePart.end:
					return;
				case modulePart.signed:
				case modulePart.unsigned:
					reader.length();
					break;
				case modulePart.float:
					reader.skip(4);
					break;
				case modulePart.double:
					reader.skip(8);
					break;
				case modulePart.string:
					reader.skipString();
					break;
				default:
					throw new RdbFormatError('A module’s value has a part of no known kind', reader.offset);
			}
		}
	}
}

/** Nine characters of six bits each, above ten bits of version (`moduleTypeNameByID` in `module.c`). */
function moduleName(id: bigint): string {
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
	const characters = Array.from({ length: 9 }, (_, i) => alphabet[Number((id >> BigInt(10 + 6 * i)) & 63n)]);
	return characters.reverse().join('');
}
