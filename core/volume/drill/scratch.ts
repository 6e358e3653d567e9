import { rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackupError, errorMessage } from '../../errors';
import { ClaimedDirectory, sweepDirectories } from '../../files/claimedDirectory';
import { newScratchName, scratchPrefixes } from '../../files/scratchNames';

/** A directory for databases that are taken out of an archive, which is gone when this is disposed of. */
export class Scratch implements AsyncDisposable {
	readonly path: string;
	readonly #claim: ClaimedDirectory;

	constructor(path: string, claim: ClaimedDirectory) {
		this.path = path;
		this.#claim = claim;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#claim[Symbol.asyncDispose]();
		await rm(this.path, { recursive: true, force: true });
	}
}

/**
 * Makes one where more space is: in the system's place for temporary files, or beside the backups. What crashed runs left
 * there is gone then.
 *
 * @throws BackupError `not-permitted` where neither may be written to
 */
export async function makeScratch(root: string): Promise<Scratch> {
	const places = await Promise.all(
		[tmpdir(), root].map(async (place) => ({ place, free: await freeBytes(place) })),
	);
	for (const { place } of places) {
		await sweepDirectories(place, (name) => name.startsWith(scratchPrefixes.drill));
	}
	const problems: unknown[] = [];
	for (const { place } of places.sort((a, b) => b.free - a.free)) {
		const path = join(place, newScratchName('drill'));
		try {
			return new Scratch(path, await ClaimedDirectory.make(path, place));
		} catch (error) {
			problems.push(error);
		}
	}
	throw new BackupError(
		'not-permitted',
		`There is nowhere to write to: ${problems.map(errorMessage).join(' ')}`,
		{
			advice: 'Set TMPDIR in n8n’s environment to a directory that n8n may write to',
		},
	);
}

async function freeBytes(place: string): Promise<number> {
	return await statfs(place).then(
		({ bavail, bsize }) => bavail * bsize,
		() => 0,
	);
}
