import { stat } from 'node:fs/promises';
import { basename, resolve, sep } from 'node:path';
import { type CatalogEntry, type Component, readCatalog } from '../core/artifact';
import { BackupError } from '../core/errors';
import { componentOf } from '../core/verify/componentOf';
import { backupDirectory, type GlobalOptions } from './options/global';

/** An artifact that a command is about. */
export interface ChosenArtifact {
	path: string;
	component: Component;
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
	if (named === newest) return await findNewest(globals, component);
	const chosen = (await isFile(named)) ? fromPath(named) : await fromCatalog(named, globals);
	if (component === undefined || chosen.component === component) return chosen;
	throw new BackupError('bad-parameter', `${named} is a backup of ${chosen.component}, not of ${component}`, {
		advice: `Name a ${component} backup; "list" shows which there are`,
	});
}

/** All artifacts that are there, or only the newest of each series: each component and prefix is one. */
export async function artifactsInCatalog(
	globals: GlobalOptions,
	{ components, onlyNewest }: { components?: readonly Component[]; onlyNewest: boolean },
): Promise<ChosenArtifact[]> {
	const entries = await present(globals, components);
	if (!onlyNewest) return entries;
	const seen = new Set<string>();
	return entries.filter(({ component, prefix }) => {
		const series = `${component}/${prefix}`;
		return !seen.has(series) && seen.add(series);
	});
}

async function findNewest(globals: GlobalOptions, component?: Component): Promise<ChosenArtifact> {
	const entries = await present(globals, component && [component]);
	const good = entries.filter(({ state }) => state === 'good');
	const [first] = good;
	if (!first) {
		throw new BackupError('not-found', `${backupDirectory(globals)} holds no good ${component} backup`, {
			advice: 'See what is there with "list"; a backup without a manifest has to be named',
		});
	}
	const prefixes = new Set(good.map(({ prefix }) => prefix));
	if (prefixes.size === 1) return first;
	throw new BackupError(
		'bad-parameter',
		`There are backups of several kinds: ${[...prefixes].sort().join(', ')}`,
		{ advice: 'Name the artifact that you mean; "list" shows them' },
	);
}

async function present(globals: GlobalOptions, components?: readonly Component[]): Promise<CatalogEntry[]> {
	const { timeZone } = globals;
	const entries = await readCatalog({ root: backupDirectory(globals), timeZone, components });
	return entries.filter(({ state }) => state !== 'missing');
}

function fromPath(path: string): ChosenArtifact {
	const full = resolve(path);
	return { path: full, component: componentOf(full) };
}

async function fromCatalog(named: string, globals: GlobalOptions): Promise<ChosenArtifact> {
	if (!named.includes(sep) && globals.directory !== undefined) {
		const entry = (await present(globals)).find(({ name }) => name === basename(named));
		if (entry) return entry;
	}
	const where = globals.directory === undefined ? '' : `, nor in ${globals.directory}`;
	throw new BackupError('not-found', `There is no ${named} here${where}`, {
		advice: 'Give the path of the artifact, or name the backup directory with --directory',
	});
}

async function isFile(path: string): Promise<boolean> {
	return await stat(path).then(
		(found) => found.isFile(),
		() => false,
	);
}
