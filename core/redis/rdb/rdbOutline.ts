import type { RdbMagic } from './valueShapes';

/** More facts, and more modules, than any server writes; a file that was made to fill memory has more. */
const mostFacts = 64;
const mostModules = 256;
const longestFact = 256;

/** What walking over an RDB tells. It grows while the bytes come, and never beyond a few kilobytes. */
export class RdbOutline {
	magic?: RdbMagic;
	version?: number;
	keys = 0;
	/** Keys with a time to live, whether it has passed or not. */
	expiring = 0;
	/** Keys of collections with nothing in them, which servers since Redis 6.2 leave out when they load. */
	emptyKeys = 0;
	/** The highest number of a database that has keys. */
	highestDatabase?: number;
	/** Facts that the server wrote at the head: `redis-ver`, `ctime`, `used-mem` and others. */
	readonly aux = new Map<string, string>();
	/** Names of the module types that have values in it. */
	readonly modules = new Set<string>();
	/** Offset behind the end opcode. Undefined until it was reached. */
	endOffset?: number;
	/** The first opcode or type that this package does not know; walking stops there. */
	unknown?: { type: number; offset: number };

	noteFact(name: string, value: string): void {
		if (this.aux.size < mostFacts && value.length <= longestFact) this.aux.set(name, value);
	}

	noteModule(name: string): void {
		if (this.modules.size < mostModules) this.modules.add(name);
	}

	noteDatabase(number: number): void {
		this.highestDatabase = Math.max(this.highestDatabase ?? 0, number);
	}
}
