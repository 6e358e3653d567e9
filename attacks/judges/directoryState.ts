import { createHash } from 'node:crypto';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../core/artifact/index.ts';

const manifestSuffix = '.manifest.json';

/** What is in a component's directory, found out without any code of ours. */
export interface DirectoryState {
	/** Artifacts under their final names whose manifest is beside them and fits. */
	complete: string[];
	/** Artifacts without a manifest, but with a partial one that fits. */
	completable: string[];
	/** Artifacts without a manifest that fits, and manifests without their artifact. */
	broken: string[];
	/** Everything with a name that is not final. */
	partial: string[];
}

export async function directoryState(directory: string): Promise<DirectoryState> {
	const names = await readdir(directory).catch((): string[] => []);
	const partial = names.filter((name) => name.startsWith('.'));
	const state: DirectoryState = { complete: [], completable: [], broken: [], partial };
	for (const name of names.filter((one) => !one.startsWith('.'))) {
		if (name.endsWith(manifestSuffix)) {
			if (!names.includes(name.slice(0, -manifestSuffix.length))) state.broken.push(name);
		} else if (await fits(directory, name, `${name}${manifestSuffix}`)) state.complete.push(name);
		else if (await fitsOne(directory, name, manifestsOf(name, partial))) state.completable.push(name);
		else state.broken.push(name);
	}
	return state;
}

/** Manifests of an artifact that have no final name: not yet, or no longer because it was about to be deleted. */
function manifestsOf(artifact: string, partial: string[]): string[] {
	return partial.filter(
		(name) => name.startsWith(`.${artifact}${manifestSuffix}.`) && name.endsWith('.partial'),
	);
}

async function fitsOne(directory: string, artifact: string, manifestNames: string[]): Promise<boolean> {
	for (const name of manifestNames) if (await fits(directory, artifact, name)) return true;
	return false;
}

async function fits(directory: string, artifact: string, manifestName: string): Promise<boolean> {
	try {
		const manifest = JSON.parse(await readFile(join(directory, manifestName), 'utf8')) as Manifest;
		const content = await readFile(join(directory, artifact));
		const sha256 = createHash('sha256').update(content).digest('hex');
		return (
			manifest.artifact === artifact && manifest.storedBytes === content.length && manifest.sha256 === sha256
		);
	} catch {
		return false;
	}
}

/** Makes everything unfinished look as if nobody had touched it for ten minutes. */
export async function agePartials(directory: string): Promise<void> {
	const then = new Date(Date.now() - 600_000);
	const { partial } = await directoryState(directory);
	for (const name of partial) await utimes(join(directory, name), then, then);
}
