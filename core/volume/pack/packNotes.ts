import { existsSync } from 'node:fs';
import { folderOf, isServerMark, liveServerWarnings, versionMark } from '../postgresFolder';
import { displayPath } from '../../tar/member';
import type { TreeEntry } from './walkTree';

/** Names in a warning: enough to know what it is about. */
const namesShown = 3;

/** What people should hear of an archive that is nevertheless whole. */
export class PackNotes {
	readonly #warnings: string[] = [];
	readonly #clamped: string[] = [];
	readonly #lookalikes: string[] = [];
	readonly #serverFolders: string[] = [];

	warn(sentence: string): void {
		this.#warnings.push(sentence);
	}

	/** To be shown every file. */
	look({ location, path }: TreeEntry): void {
		if (!isServerMark(path) || !existsSync(Buffer.concat([folderOf(location), versionMark]))) return;
		this.#serverFolders.push(displayPath(folderOf(path)));
	}

	/** Something has a time that an archive cannot hold. */
	clampedTime(path: Buffer): void {
		this.#clamped.push(displayPath(path) || '.');
	}

	/** A directory has device and inode of the backup directory, but lies elsewhere. */
	lookalike(path: Buffer): void {
		this.#lookalikes.push(displayPath(path));
	}

	warnings(): string[] {
		const warnings = [...this.#warnings, ...liveServerWarnings(this.#serverFolders)];
		if (this.#clamped.length > 0) {
			warnings.push(
				`The time of the last change is further away than an archive can hold, so the nearest one was stored: ${listed(this.#clamped)}.`,
			);
		}
		if (this.#lookalikes.length > 0) {
			warnings.push(
				`The system takes these for the backup directory, but they lie elsewhere, so they were archived: ${listed(this.#lookalikes)}. ` +
					'If they hold backups, exclude them by a pattern.',
			);
		}
		return warnings;
	}
}

function listed(names: readonly string[]): string {
	const more = names.length - namesShown;
	return names.slice(0, namesShown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
