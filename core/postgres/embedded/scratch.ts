import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClaimedDirectory, sweepDirectories } from '../../files/claimedDirectory';
import { newScratchName, scratchPrefixes } from '../../files/scratchNames';
import { freeDisk, noRoom } from './limits';

/** A directory for PostgreSQL's files, which is gone when this is disposed of. */
export class Scratch implements AsyncDisposable {
	readonly path: string;
	readonly #claim: ClaimedDirectory;

	private constructor(path: string, claim: ClaimedDirectory) {
		this.path = path;
		this.#claim = claim;
	}

	/**
	 * Makes it in the first of the places that has the room, after what crashed drills left there is gone.
	 *
	 * @throws BackupError `no-space` when none has
	 */
	static async make(places: string[], needed: number): Promise<Scratch> {
		for (const place of places) {
			await sweepDirectories(place, (name) => name.startsWith(scratchPrefixes.drill));
		}
		for (const place of places) {
			if (((await freeDisk(place)) ?? needed) < needed) continue;
			const path = join(place, newScratchName('drill'));
			const claim = await ClaimedDirectory.make(path, place).catch(() => undefined);
			if (claim) return new Scratch(path, claim);
		}
		throw noRoom(places, needed);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#claim[Symbol.asyncDispose]();
		// What cannot be removed now is swept by a later drill.
		await rm(this.path, { recursive: true, force: true, maxRetries: 2 }).catch(() => {});
	}
}
