import { stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import {
	type ArtifactChoice,
	artifactNamed,
	type Component,
	components,
	newestGoodArtifact,
	newestGoodArtifacts,
	newestOfEach,
	presentArtifacts,
	shrunkSince,
} from '../core/artifact';
import { BackupError } from '../core/errors';
import { componentOf } from '../core/verify/componentOf';
import { asOwnerOf } from './identity';
import { backupDirectory, chosenSeries, type GlobalOptions } from './options/global';

/** An artifact that a command is about. */
export interface ChosenArtifact {
	path: string;
	component: Component;
	/** What was passed over, in sentences for people. */
	notes?: readonly string[];
}

/** The word that stands for the newest good artifact. */
export const newest = 'newest';

/**
 * The artifact that was named: by its path, by its name in the backup directory, or as `newest`.
 *
 * @param component what it must be an artifact of; any when undefined
 * @throws BackupError `not-found`, or `bad-parameter` when it is of another component
 */
export async function findArtifact(
	named: string,
	globals: GlobalOptions,
	component?: Component,
): Promise<ChosenArtifact> {
	if (named === newest) {
		const choice = choiceOf(globals, component ? [component] : components);
		return await asOwnerOf(choice.root, async () => {
			const entry = await newestGoodArtifact(choice);
			return { ...entry, notes: await shrunkSince(choice, [entry]) };
		});
	}
	const chosen = await fromPathOrCatalog(named, globals);
	if (component === undefined || chosen.component === component) return chosen;
	throw new BackupError('bad-parameter', `${named} is a backup of ${chosen.component}, not of ${component}`, {
		advice: `Name a ${component} backup; "list" shows which there are`,
	});
}

/**
 * The dumps that a drill is about: the one that was named, or as `newest` that of each database.
 *
 * @throws BackupError as {@link findArtifact}
 */
export async function findDumps(named: string, globals: GlobalOptions): Promise<ChosenArtifact[]> {
	if (named !== newest) return [await findArtifact(named, globals, 'postgres')];
	const choice = choiceOf(globals, ['postgres']);
	return await asOwnerOf(choice.root, async () => {
		const found = await newestGoodArtifacts(choice);
		return await Promise.all(
			found.map(async (entry) => ({ ...entry, notes: await shrunkSince(choice, [entry]) })),
		);
	});
}

/** A path wins over a name: what lies here is what was meant. */
async function fromPathOrCatalog(named: string, globals: GlobalOptions): Promise<ChosenArtifact> {
	if (await asOwnerOf(dirname(named), async () => await isFile(named))) return fromPath(named);
	if (!named.includes(sep) && globals.directory !== undefined) {
		const choice = choiceOf(globals, components);
		return await asOwnerOf(choice.root, async () => await artifactNamed(named, choice));
	}
	throw new BackupError('not-found', `There is no file ${named}`, {
		advice: 'Give the path of the artifact, or name the backup directory with --directory',
	});
}

/** All artifacts that are there, or only the newest of each series. */
export async function artifactsInCatalog(
	globals: GlobalOptions,
	{ components: chosen = components, onlyNewest }: { components?: readonly Component[]; onlyNewest: boolean },
): Promise<ChosenArtifact[]> {
	const choice = choiceOf(globals, chosen);
	const entries = await asOwnerOf(choice.root, async () => await presentArtifacts(choice));
	return onlyNewest ? newestOfEach(entries) : entries;
}

/** What the options say of the artifacts that are meant. @throws BackupError `bad-parameter` */
export function choiceOf(globals: GlobalOptions, chosen: readonly Component[]): ArtifactChoice {
	return {
		root: backupDirectory(globals),
		timeZone: globals.timeZone,
		components: chosen,
		series: chosenSeries(globals),
	};
}

function fromPath(path: string): ChosenArtifact {
	const full = resolve(path);
	return { path: full, component: componentOf(full) };
}

async function isFile(path: string): Promise<boolean> {
	return await stat(path).then(
		(found) => found.isFile(),
		() => false,
	);
}
