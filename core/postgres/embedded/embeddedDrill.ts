import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BackupError } from '../../errors';
import { ClaimedDirectory, sweepDirectories } from '../../files/claimedDirectory';
import { newScratchName, scratchPrefixes } from '../../files/scratchNames';
import type { DrillPlace, Finding, Subject } from '../drill/drillPlace';
import { assertMemory, beyondLimit, defaultMaxRawBytes, freeDisk, neededDisk, noRoom } from './limits';
import { drillInProcess } from './startDrillProcess';

/**
 * A drill in a PostgreSQL that is part of this package: in a process of its own, its files in a scratch directory, both
 * of which are gone afterwards. It needs no server.
 */
export const insideN8n: DrillPlace = {
	where: 'inside-n8n',
	drill: async (subject, signal) => {
		try {
			return await drillInside(subject, signal);
		} catch (error) {
			if (!(error instanceof BackupError) || error.code === 'cancelled' || error.code === 'bad-parameter')
				throw error;
			return { obstacle: error };
		}
	},
};

async function drillInside(subject: Subject, signal: AbortSignal): Promise<Finding> {
	const { artifactPath, compression, keys, manifest, root, timeZone, withoutExtensions = [] } = subject;
	const maxRawBytes = subject.maxRawBytes ?? defaultMaxRawBytes;
	if ((manifest?.rawBytes ?? 0) > maxRawBytes) throw beyondLimit(maxRawBytes);
	await assertMemory();
	await using scratch = await Scratch.make(
		[tmpdir(), root],
		await neededDisk(artifactPath, manifest?.rawBytes),
	);
	const expected = manifest && { census: manifest.census, sha256: manifest.sha256 };
	const request = { directory: scratch.path, artifactPath, compression, keys, expected, root, timeZone };
	const step = `Restoring ${basename(artifactPath)} inside n8n`;
	return await drillInProcess(
		{ ...request, maxRawBytes, withoutExtensions },
		(rawBytes) => subject.onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
		signal,
	);
}

/** A directory for PostgreSQL's files, which is gone when this is disposed of. */
class Scratch implements AsyncDisposable {
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
