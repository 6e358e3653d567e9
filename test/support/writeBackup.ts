import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Component, type Manifest, manifestPath, stampToDate } from '../../core/artifact';

export interface BackupToWrite {
	/** `YYYYMMDD_HHMMSS`, taken as UTC. */
	stamp: string;
	component?: Component;
	prefix?: string;
	content?: string;
	/** Fields that differ from what is true of the content. */
	manifest?: Partial<Manifest>;
}

/** Writes a gzip artifact of any age with a true manifest beside it, and returns its path. */
export async function writeBackup(root: string, backup: BackupToWrite): Promise<string> {
	const { stamp, component = 'postgres', prefix = 'n8n', content = `content of ${stamp}` } = backup;
	const artifact = `${prefix}_${stamp}.sql.gz`;
	const path = join(root, component, artifact);
	const stored = gzipSync(content);
	const at = stampToDate(stamp, 'utc')!.toISOString();
	const manifest: Manifest = {
		schemaVersion: 1,
		component,
		artifact,
		storedBytes: stored.length,
		rawBytes: Buffer.byteLength(content),
		sha256: createHash('sha256').update(stored).digest('hex'),
		startedAt: at,
		finishedAt: at,
		timeZone: 'utc',
		source: { host: 'db', database: prefix },
		engine: { name: 'built-in', version: '18.3' },
		compression: 'gzip',
		census: { kind: 'postgres', tables: {}, rows: 0 },
		warnings: [],
		packageVersion: '0.1.0',
		...backup.manifest,
	};
	await mkdir(join(root, component), { recursive: true, mode: 0o700 });
	await writeFile(path, stored, { mode: 0o600 });
	await writeFile(manifestPath(path), JSON.stringify(manifest), { mode: 0o600 });
	return path;
}
