import { BackupError } from '../../errors';
import { Crc64 } from './crc64';
import { RdbFormatError } from './rdbReader';
import { RdbWalker } from './rdbWalker';
import { mayHoldUnknown, type RdbMagic } from './valueShapes';

/** What a whole and sound RDB says of itself. */
export interface RdbFacts {
	magic: RdbMagic;
	/** The format's version, not the server's. */
	version: number;
	bytes: number;
	/** A server with `rdbchecksum no` writes a zero; before version 5 there was none. */
	checksum: 'verified' | 'absent';
	/** Counted one by one. Undefined where the file holds types that this package does not know. */
	keys?: number;
	/** How many of them have a time to live, whether it has passed or not. */
	expiring: number;
	/** How many of them are collections with nothing in them; servers since Redis 6.2 leave those out. */
	emptyKeys: number;
	/** The highest number of a database that has keys; undefined without keys. */
	highestDatabase?: number;
	/** Facts that the server wrote at the head, such as `redis-ver` and `ctime`. */
	aux: Record<string, string>;
	/** Module types that a server must have to load it. */
	modules: string[];
	/** What could not be checked, one sentence each. */
	warnings: string[];
}

const checksumBytes = 8;

/**
 * Judges the bytes of an RDB while they pass: magic, version, the whole structure up to the end opcode, and the
 * CRC64 behind it. Constant memory, more than 400 MB a second on one core.
 *
 * The checksum has the last word: where it holds, a structure that this package does not understand is a newer
 * server's, not damage.
 */
export class RdbInspector {
	readonly #crc = new Crc64();
	readonly #walker = new RdbWalker();
	#bytes = 0;
	/** The last bytes seen: the end opcode and the checksum. */
	#tail: Buffer = Buffer.alloc(0);
	#misfit: RdbFormatError | undefined;

	/** Bytes seen so far. */
	get bytes(): number {
		return this.#bytes;
	}

	take(chunk: Buffer): void {
		this.#bytes += chunk.length;
		this.#crc.update(chunk);
		// Copied: the chunk may be reused by whoever reads it next.
		this.#tail = Buffer.concat([this.#tail, chunk.subarray(-checksumBytes - 1)]).subarray(-checksumBytes - 1);
		this.#walk(() => this.#walker.push(chunk));
	}

	/**
	 * The verdict, once all bytes were seen.
	 *
	 * @throws {BackupError} `incomplete` where the bytes end too early, `damaged` where they cannot be what the
	 * server wrote
	 */
	finish(): RdbFacts {
		this.#walk(() => this.#walker.end());
		const { magic, version, ...outline } = this.#walker.outline;
		if (this.#bytes === 0) throw damaged('The RDB is empty');
		if (magic === undefined || version === undefined) {
			throw damaged('The bytes are no RDB: they do not begin with REDIS or VALKEY and a version');
		}

		const checksum = this.#checksum(version);
		if (checksum !== 'verified') this.#assertStructure(magic, version, checksum);
		if (checksum === 'wrong') {
			throw damaged(
				`The RDB’s checksum does not hold: some of its ${this.#bytes} bytes are not what the server wrote`,
			);
		}
		const walked = outline.endOffset === this.#bytes - trailerBytes(version);
		return {
			magic,
			version,
			bytes: this.#bytes,
			checksum,
			keys: walked ? outline.keys : undefined,
			expiring: outline.expiring,
			emptyKeys: outline.emptyKeys,
			highestDatabase: outline.highestDatabase,
			aux: Object.fromEntries(outline.aux),
			modules: [...outline.modules],
			warnings: [...(checksum === 'absent' ? [withoutChecksum] : []), ...(walked ? [] : [this.#notWalked()])],
		};
	}

	/** The first misfit stays; whether it means damage is known when the checksum was seen. */
	#walk(step: () => void): void {
		try {
			step();
		} catch (error) {
			if (!(error instanceof RdbFormatError)) throw error;
			this.#misfit = error;
		}
	}

	#checksum(version: number): 'verified' | 'absent' | 'wrong' {
		if (trailerBytes(version) === 0) return 'absent';
		if (this.#tail.subarray(-checksumBytes).every((byte) => byte === 0)) return 'absent';
		return this.#crc.isZero && this.#tail[0] === 0xff ? 'verified' : 'wrong';
	}

	/** Where no checksum holds, the structure must; and what is wrong with it says more than a wrong checksum. */
	#assertStructure(magic: RdbMagic, version: number, checksum: 'absent' | 'wrong'): void {
		const { keys, endOffset, unknown } = this.#walker.outline;
		if (endOffset !== undefined) {
			const behind = this.#bytes - endOffset - trailerBytes(version);
			if (behind < 0) {
				throw incomplete(`The RDB ends after ${this.#bytes} bytes, within the checksum behind its last key`);
			}
			if (behind > 0) throw damaged(`The RDB goes on for ${behind} bytes behind its end`);
		} else if (this.#misfit?.offset === this.#bytes) {
			throw incomplete(
				`The RDB breaks off after ${this.#bytes} bytes, near key ${keys}: it was cut, or a length in it was changed`,
			);
		} else if (this.#misfit) {
			throw damaged(
				`The RDB is damaged at byte ${this.#misfit.offset}, near key ${keys}: ${this.#misfit.message}`,
			);
		} else if (unknown && this.#tail.at(-1 - trailerBytes(version)) !== 0xff) {
			throw incomplete(`The RDB of ${this.#bytes} bytes does not finish with an end mark: it was cut`);
		} else if (unknown && checksum === 'absent') {
			throw uncheckable(magic, version, unknown);
		}
	}

	#notWalked(): string {
		const { keys, unknown } = this.#walker.outline;
		const where = unknown
			? `type ${unknown.type} at byte ${unknown.offset}`
			: `what stands at byte ${this.#misfit?.offset ?? this.#bytes}`;
		return `The structure was followed for ${keys} keys only: ${where} is not known to this version of the package`;
	}
}

const withoutChecksum =
	'The server wrote no checksum (rdbchecksum no): the structure is proven, the bytes of the values are not';

function trailerBytes(version: number): number {
	return version >= 5 ? checksumBytes : 0;
}

const advice = 'Do not rely on this file; take the snapshot again, or go back to an older one that verifies';

function damaged(what: string): BackupError {
	return new BackupError('damaged', what, { advice });
}

/** Neither a checksum nor its structure says that such a file is whole. */
function uncheckable(
	magic: RdbMagic,
	version: number,
	{ type, offset }: { type: number; offset: number },
): BackupError {
	if (!mayHoldUnknown(magic, version)) {
		return damaged(`The RDB is damaged at byte ${offset}: format ${magic} ${version} has no type ${type}`);
	}
	return new BackupError(
		'unsupported',
		`The RDB (format ${magic} ${version}) has no checksum, and its type ${type} at byte ${offset} is not known to this version of the package: nothing proves that it is whole`,
		{ advice: 'Update this package, or let the server write checksums (rdbchecksum yes in its redis.conf)' },
	);
}

function incomplete(what: string): BackupError {
	return new BackupError('incomplete', what, { advice });
}
