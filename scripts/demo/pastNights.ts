import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { components } from './artifacts.ts';

interface PastManifest {
	artifact: string;
	storedBytes: number;
	startedAt: string;
	finishedAt: string;
	drill?: { at: string };
}

/**
 * Gives every component the nights before the one that has run, each a little smaller and quicker, for pictures of the
 * report. Their artifacts are holes of the right size: the report reads names and manifests alone.
 */
export async function writePastNights(backupDirectory: string, nights: number): Promise<void> {
	for (const component of components) {
		const folder = join(backupDirectory, component);
		const names = await readdir(folder).catch(() => []);
		const newest = names.find((name) => name.endsWith('.manifest.json'));
		if (newest === undefined) continue;
		const manifest = JSON.parse(await readFile(join(folder, newest), 'utf8')) as PastManifest;
		for (let night = 1; night <= nights; night++) await writePastNight(folder, manifest, night);
	}
}

async function writePastNight(folder: string, manifest: PastManifest, night: number): Promise<void> {
	const earlier = (at: string) => new Date(Date.parse(at) - night * 86_400_000);
	const startedAt = earlier(manifest.startedAt);
	const stamp = startedAt.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);
	const artifact = manifest.artifact.replace(/\d{8}_\d{6}/, stamp);
	const storedBytes = Math.round(manifest.storedBytes * (1 - night * 0.012 + 0.02 * Math.sin(night * 2.1)));
	const took = Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt);
	const duration = Math.round(took * (1 - night * 0.008 + 0.15 * Math.sin(night * 1.3)));
	const finishedAt = new Date(startedAt.getTime() + duration);
	const past = {
		...{ ...manifest, artifact, storedBytes, timeZone: 'utc' },
		...{ startedAt: startedAt.toISOString(), finishedAt: finishedAt.toISOString() },
		...(manifest.drill && { drill: { ...manifest.drill, at: earlier(manifest.drill.at).toISOString() } }),
	};
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, artifact), '');
	await truncate(join(folder, artifact), storedBytes);
	await writeFile(join(folder, `${artifact}.manifest.json`), JSON.stringify(past), { mode: 0o600 });
}
