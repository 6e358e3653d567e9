import { statfsSync } from 'node:fs';
import type { TarCensus } from '../../artifact/manifest';
import { BackupError } from '../../errors';
import { blockBytes, type TarMember } from '../../tar/member';

interface ArchiveBoundsOptions {
	/** Of the artifact, for the error. */
	path: string;
	/** What the manifest says that is in it. */
	census?: TarCensus;
	/** What it may unpack to, each entry with {@link blockBytes} for its header. Undefined: no such limit. */
	mostBytes?: number;
	/** A directory on the file system that it is unpacked to; left out when nothing is. */
	destination?: string;
}

const megabyte = 1024 * 1024;

/**
 * Stops an archive that grows beyond what it may unpack to, as soon as a header says so: beyond the limit that was
 * set, beyond its manifest, or without one, beyond the space that there is. A few megabytes can claim to be terabytes,
 * or millions of entries.
 */
export class ArchiveBounds {
	readonly #path: string;
	readonly #census: TarCensus | undefined;
	readonly #mostBytes: number;
	readonly #destination: string | undefined;
	readonly #free: FreeSpace;
	#entries = 0;
	#bytes = 0;

	constructor({ path, census, mostBytes = Infinity, destination }: ArchiveBoundsOptions) {
		this.#path = path;
		this.#census = census;
		this.#mostBytes = mostBytes;
		this.#destination = destination;
		// A disk that compresses may have room for what a manifest vouches for.
		this.#free = destination === undefined || census ? endless : freeSpaceOf(destination);
	}

	/**
	 * Counts a member before it is extracted.
	 *
	 * @throws BackupError `unsupported` beyond the limit that was set, `damaged` when the manifest says less,
	 * `no-space` when there is less space
	 */
	take({ size }: TarMember): void {
		this.#entries++;
		this.#bytes += size;
		if (this.#bytes + this.#entries * blockBytes > this.#mostBytes) throw this.#overLimit();
		if (this.#census && (this.#entries > this.#census.entries || this.#bytes > this.#census.bytes)) {
			throw new BackupError('damaged', `${this.#path} holds more than its manifest describes`, {
				advice: 'Verify it and use another backup; nothing was restored',
			});
		}
		if (this.#bytes > this.#free.bytes) throw this.#tooMuch(`the ${this.#free.bytes} bytes`);
		if (this.#entries > this.#free.entries) throw this.#tooMuch(`the ${this.#free.entries} entries`);
	}

	#overLimit(): BackupError {
		const limit = `${Math.floor(this.#mostBytes / megabyte)} MB`;
		return new BackupError('unsupported', `${this.#path} unpacks to more than the limit of ${limit}`, {
			advice: 'Raise the limit if you know where this archive comes from; nothing was restored',
		});
	}

	#tooMuch(what: string): BackupError {
		return new BackupError(
			'no-space',
			`${this.#path} unpacks to more than ${what} that are free in ${this.#destination}`,
			{ advice: 'Free space there or choose a larger disk; nothing was restored' },
		);
	}
}

interface FreeSpace {
	bytes: number;
	/** How many files and directories can be made. */
	entries: number;
}

const endless: FreeSpace = { bytes: Infinity, entries: Infinity };

/** Some network file systems do not know, and say zero for everything; others have no limit of entries. */
function freeSpaceOf(directory: string): FreeSpace {
	const { blocks, bfree, bsize, files, ffree } = statfsSync(directory);
	return {
		bytes: blocks === 0 ? Infinity : bfree * bsize,
		entries: files === 0 ? Infinity : ffree,
	};
}
