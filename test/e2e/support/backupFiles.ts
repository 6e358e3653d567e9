import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component } from '../../../core/artifact';
import { writeBackup } from '../../support/writeBackup';

const prefixes: Record<Component, string> = { postgres: 'n8n', redis: 'dump', n8n: 'n8n_data', env: 'env' };

/** All file names below a component's directory, hidden and unfinished ones included. */
export async function filesOf(backupDirectory: string, component: Component): Promise<string[]> {
	return (await readdir(join(backupDirectory, component)).catch(() => [])).sort();
}

/** The path of a component's only artifact; fails when there is none or more than one. */
export async function onlyArtifact(backupDirectory: string, component: Component): Promise<string> {
	const artifacts = (await filesOf(backupDirectory, component)).filter(
		(name) => !name.endsWith('.manifest.json'),
	);
	expect(artifacts).toEqual([expect.any(String)]);
	return join(backupDirectory, component, artifacts[0]!);
}

/** A backup directory as years of nights of this n8n leave it: of each component two backups far too old to be kept. */
export async function writeOldBackups(backupDirectory: string, instanceId: string): Promise<void> {
	for (const [component, prefix] of Object.entries(prefixes) as Array<[Component, string]>) {
		for (const stamp of oldStamps)
			await writeBackup(backupDirectory, { component, prefix, stamp, manifest: { instanceId } });
	}
}

const oldStamps = ['20200101_020000', '20200102_020000'];

/** How many of the backups that writeOldBackups() wrote are still there, by component. */
export async function oldBackupsLeft(backupDirectory: string): Promise<Record<string, number>> {
	const left: Record<string, number> = {};
	for (const component of Object.keys(prefixes) as Component[]) {
		const names = await filesOf(backupDirectory, component);
		left[component] = oldStamps.filter((stamp) =>
			names.some((name) => name.includes(stamp) && !name.endsWith('.manifest.json')),
		).length;
	}
	return left;
}
