import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component } from '../../../core/artifact';
import { writeBackup } from '../../support/writeBackup';

/** What a night saves, by the names that the nightly workflow has for it. Two of them are files. */
const series = {
	postgres: { component: 'postgres', prefix: 'n8n' },
	redis: { component: 'redis', prefix: 'dump' },
	n8n: { component: 'n8n', prefix: 'n8n_data' },
	env: { component: 'env', prefix: 'env' },
	compose: { component: 'env', prefix: 'compose' },
} as const satisfies Record<string, { component: Component; prefix: string }>;

export type Part = keyof typeof series;

export const parts = Object.keys(series) as Part[];

/** All file names below a component's directory, hidden and unfinished ones included. */
export async function filesOf(backupDirectory: string, component: Component): Promise<string[]> {
	return (await readdir(join(backupDirectory, component)).catch(() => [])).sort();
}

/** The file names of the artifacts of a part, the newest last. */
export async function artifactsOf(backupDirectory: string, part: Part): Promise<string[]> {
	const { component, prefix } = series[part];
	const names = await filesOf(backupDirectory, component);
	return names.filter((name) => !name.endsWith('.manifest.json') && isOf(prefix, name));
}

/** Also of what is unfinished. */
function isOf(prefix: string, name: string): boolean {
	return new RegExp(`^\\.?${prefix}_\\d{8}_\\d{6}`).test(name);
}

/** The path of a part's only artifact; fails when there is none or more than one. */
export async function onlyArtifact(backupDirectory: string, part: Part): Promise<string> {
	const artifacts = await artifactsOf(backupDirectory, part);
	expect(artifacts).toEqual([expect.any(String)]);
	return join(backupDirectory, series[part].component, artifacts[0]!);
}

/** A backup directory as years of nights of this n8n leave it: of each part two backups far too old to be kept. */
export async function writeOldBackups(backupDirectory: string, instanceId: string): Promise<void> {
	for (const { component, prefix } of Object.values(series)) {
		for (const stamp of oldStamps)
			await writeBackup(backupDirectory, { component, prefix, stamp, manifest: { instanceId } });
	}
}

const oldStamps = ['20200101_020000', '20200102_020000'];

/** How many of the backups that writeOldBackups() wrote are still there, by part. */
export async function oldBackupsLeft(backupDirectory: string): Promise<Record<string, number>> {
	const left: Record<string, number> = {};
	for (const part of parts) {
		const names = await artifactsOf(backupDirectory, part);
		left[part] = oldStamps.filter((stamp) => names.some((name) => name.includes(stamp))).length;
	}
	return left;
}
