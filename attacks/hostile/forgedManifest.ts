import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component, Manifest } from '../../core/artifact/index.ts';

export interface Forged {
	directory: string;
	name: string;
	component: Component;
	stored: Buffer;
	/** Fields to be otherwise than they would fit. */
	more?: Record<string, unknown>;
}

const census: Record<Component, Manifest['census']> = {
	postgres: { kind: 'postgres', tables: {}, rows: 0 },
	redis: { kind: 'redis', rdbVersion: 10, checksum: 'verified' },
	n8n: { kind: 'tar', entries: 1, bytes: 0, skipped: 0, changed: [], vanished: [], sqlite: [] },
	env: { kind: 'file' },
};

/** Writes an artifact with a manifest that fits as whoever writes in the backup directory can make it. */
export async function forge({ directory, name, component, stored, more }: Forged): Promise<string> {
	const compression = /\.gz/.test(name) ? 'gzip' : /\.zst/.test(name) ? 'zstd' : 'none';
	const manifest = {
		schemaVersion: 1,
		component,
		artifact: name,
		storedBytes: stored.length,
		rawBytes: stored.length,
		sha256: createHash('sha256').update(stored).digest('hex'),
		startedAt: '2026-11-23T02:00:00.000Z',
		finishedAt: '2026-11-23T02:00:01.000Z',
		timeZone: 'utc',
		source: {},
		engine: { name: 'built-in', version: '1' },
		compression,
		census: census[component],
		warnings: [],
		packageVersion: '0.1.0',
		...more,
	};
	const path = join(directory, name);
	await writeFile(path, stored);
	await writeFile(`${path}.manifest.json`, JSON.stringify(manifest));
	return path;
}
