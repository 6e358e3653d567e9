import { statfsSync } from 'node:fs';
import type { TarCensus } from '../../artifact/manifest';
import { BackupError } from '../../errors';
import type { TarMember } from '../../tar/member';

interface ArchiveBoundsOptions {
	/** Of the artifact, for the error. */
	path: string;
	/** What the manifest says that is in it. */
	census?: TarCensus;
	/** A directory on the file system that it is unpacked to; left out when nothing is. */
	destination?: string;
}

/**
 * Stops an archive that grows beyond what it may unpack to, as soon as a header says so: beyond its manifest, or
 * without one, beyond the space that there is. A few megabytes can claim to be terabytes.
 */
export class ArchiveBounds {
	readonly #path: string;
	readonly #census: TarCensus | undefined;
	readonly #destination: string | undefined;
	readonly #freeBytes: number;
	#entries = 0;
	#bytes = 0;

	constructor({ path, census, destination }: ArchiveBoundsOptions) {
		this.#path = path;
		this.#census = census;
		this.#destination = destination;
		// A disk that compresses may have room for what a manifest vouches for.
		this.#freeBytes = destination === undefined || census ? Infinity : freeBytesOf(destination);
	}

	/**
	 * Counts a member before it is extracted.
	 *
	 * @throws BackupError `damaged` when the manifest says less, `no-space` when there is less space
	 */
	take({ size }: TarMember): void {
		this.#entries++;
		this.#bytes += size;
		if (this.#census && (this.#entries > this.#census.entries || this.#bytes > this.#census.bytes)) {
			throw new BackupError('damaged', `${this.#path} holds more than its manifest describes`, {
				advice: 'Verify it and use another backup; nothing was restored',
			});
		}
		if (this.#bytes > this.#freeBytes) {
			throw new BackupError(
				'no-space',
				`${this.#path} unpacks to more than the ${this.#freeBytes} bytes that are free in ${this.#destination}`,
				{ advice: 'Free space there or choose a larger disk; nothing was restored' },
			);
		}
	}
}

/** Some network file systems do not know, and say zero for everything. */
function freeBytesOf(directory: string): number {
	const { blocks, bfree, bsize } = statfsSync(directory);
	return blocks === 0 ? Infinity : bfree * bsize;
}
