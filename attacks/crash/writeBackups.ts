import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../core/artifact/index.ts';

const dayMs = 86_400_000;
/** Of the newest one. */
const newest = Date.parse('2026-11-23T02:00:00Z');
const usualBytes = () => 50_000;

/** @param age in nights before the newest one */
export function backupName(age: number): string {
	const at = new Date(newest - age * dayMs).toISOString();
	return `env_${at.slice(0, 10).replaceAll('-', '')}_020000.backup`;
}

/**
 * Copies of a file from so many nights, each with its manifest.
 *
 * @param bytesOf by their age in nights
 */
export async function writeBackups(
	root: string,
	nights: number,
	bytesOf: (age: number) => number = usualBytes,
): Promise<void> {
	const directory = join(root, 'env');
	await mkdir(directory, { recursive: true, mode: 0o700 });
	for (let age = 0; age < nights; age += 1) {
		const artifact = backupName(age);
		const content = Buffer.alloc(bytesOf(age), `N8N_ENCRYPTION_KEY=of-night-${age}\n`);
		const at = new Date(newest - age * dayMs).toISOString();
		const manifest: Manifest = {
			schemaVersion: 1,
			component: 'env',
			artifact,
			storedBytes: content.length,
			rawBytes: content.length,
			sha256: createHash('sha256').update(content).digest('hex'),
			startedAt: at,
			finishedAt: at,
			timeZone: 'UTC',
			source: { path: '/srv/.env' },
			engine: { name: 'built-in', version: '1' },
			compression: 'none',
			census: { kind: 'file' },
			warnings: [],
			packageVersion: '0.1.0',
		};
		await writeFile(join(directory, artifact), content, { mode: 0o600 });
		await writeFile(join(directory, `${artifact}.manifest.json`), JSON.stringify(manifest), { mode: 0o600 });
	}
}
