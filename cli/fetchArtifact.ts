import { type ArtifactChoice, artifactNamed, type CatalogEntry, type Component } from '../core/artifact';
import { newestGoodArtifact, newestGoodArtifacts, shrunkSince } from '../core/artifact';
import { type Destination, fetchBackup, readRemoteCatalog } from '../core/offsite';
import { type ChosenArtifact, choiceOf, findArtifact, newest } from './artifacts';
import type { CommandTools } from './command';
import { asOwnerOf } from './identity';
import { backupDirectory } from './options/global';
import { openPlace } from './options/place';

/** Where artifacts come from: the backup directory, or first from a place off-site into it. */
export interface SourceOption {
	at?: string;
}

/**
 * The artifact to restore. With `--at` it is brought from there into the backup directory first, where it gets its
 * name when every byte is what its manifest says.
 *
 * @param component what it must be an artifact of
 * @throws BackupError `not-found`, `bad-parameter`, and what keeps it from being fetched whole
 */
export async function artifactToRestore(
	named: string,
	{ at }: SourceOption,
	tools: CommandTools,
	component: Component,
): Promise<ChosenArtifact> {
	if (at === undefined) return await findArtifact(named, tools.globals, component);
	return await fromPlace(at, tools, async (place) => {
		const choice = place.choice([component]);
		const entry = named === newest ? await newestGoodArtifact(choice) : await artifactNamed(named, choice);
		const notes = named === newest ? await shrunkSince(choice, [entry]) : [];
		return { path: await place.fetch(entry), component, notes };
	});
}

/**
 * Brings what a drill is about, and the newest `.env` with n8n’s key, which its credentials are tried with.
 *
 * @param components what `newest` stands for: those of the first that there are any of
 * @returns the paths of what is drilled
 */
export async function fetchToDrill(
	named: string,
	at: string,
	tools: CommandTools,
	components: readonly Component[],
): Promise<string[]> {
	return await fromPlace(at, tools, async (place) => {
		const all = place.choice(['postgres', 'n8n']);
		const present = components.find((component) =>
			all.entries.some((entry) => entry.component === component),
		);
		const meant = place.choice([present ?? 'postgres']);
		const chosen = named === newest ? await newestGoodArtifacts(meant) : [await artifactNamed(named, all)];
		const paths: string[] = [];
		for (const entry of chosen) paths.push(await place.fetch(entry));
		const keys = place.choice(['env']);
		if (keys.entries.some(({ component, state }) => component === 'env' && state === 'good')) {
			for (const entry of await newestGoodArtifacts({ ...keys, series: undefined })) await place.fetch(entry);
		}
		return paths;
	});
}

interface OpenPlace {
	choice(components: readonly Component[]): ArtifactChoice & { entries: readonly CatalogEntry[] };
	/** @returns the path here */
	fetch(entry: CatalogEntry): Promise<string>;
}

async function fromPlace<T>(
	at: string,
	tools: CommandTools,
	work: (place: OpenPlace) => Promise<T>,
): Promise<T> {
	const { globals, output, signal } = tools;
	const root = backupDirectory(globals);
	await using destination: Destination = await openPlace(at, tools, root);
	const entries = await readRemoteCatalog({ destination, timeZone: globals.timeZone }, signal);
	return await work({
		choice: (components) => ({ ...choiceOf(globals, components), root: destination.place, entries }),
		async fetch(entry) {
			const request = { destination, entry, root, onProgress: output.onProgress };
			const { path, outcome, warnings } = await asOwnerOf(
				root,
				async () => await fetchBackup(request, signal),
			);
			output.say([`${path}: ${outcome}`, ...warnings].join('\n  '));
			return path;
		},
	});
}
