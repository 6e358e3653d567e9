import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BackupError, errorMessage } from '../../errors';
import { removeDatabase } from '../sqlite/captureDatabase';
import type { Copied } from '../sqlite/databaseCopier';

/** Has another process copy a file, as `DatabaseCopier` does. The location is its bytes as latin1 characters. */
export type CopyElsewhere = (location: string, target: string) => Promise<Copied>;

/** A copy to be packed in place of a file; there is none of a file that vanished. */
export interface ScratchCopy {
	copied: Copied;
	path: string;
}

/** Makes copies of files in the first of several directories that can be written to and has space. */
export class ScratchCopies {
	readonly #copy: CopyElsewhere;
	/** Directories of ours alone, made when they are needed. */
	readonly #places: string[];
	#made = 0;

	constructor(places: readonly string[], copy: CopyElsewhere) {
		this.#places = [...places];
		this.#copy = copy;
	}

	/**
	 * Copies a file.
	 *
	 * @throws BackupError as `DatabaseCopier` does, `not-permitted` when no directory can be written to
	 */
	async make(location: Buffer): Promise<ScratchCopy> {
		const reasons: string[] = [];
		for (;;) {
			const place = this.#places[0];
			if (place === undefined) throw noPlace(reasons);
			try {
				mkdirSync(place, { recursive: true, mode: 0o700 });
			} catch (error) {
				reasons.push(`${dirname(place)} (${errorMessage(error)})`);
				this.#places.shift();
				continue;
			}
			const path = join(place, `${this.#made++}.sqlite`);
			try {
				return { copied: await this.#copy(location.toString('latin1'), path), path };
			} catch (error) {
				const isFull = error instanceof BackupError && error.code === 'no-space';
				if (!isFull || this.#places.length === 1) throw error;
				this.#places.shift();
			}
		}
	}

	async remove({ path }: ScratchCopy): Promise<void> {
		await removeDatabase(path);
	}
}

function noPlace(reasons: string[]): BackupError {
	return new BackupError(
		'not-permitted',
		`There is no directory for consistent copies of databases: ${reasons.join('; ')}`,
		{ advice: 'Set TMPDIR in n8n’s environment to a directory that n8n may write to' },
	);
}
