import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file below the backup directory. */
export interface BackupFile {
	/** The folder, which is named after the component. */
	component: string;
	name: string;
	bytes: number;
	/** Of an artifact: whether it is what its manifest says. A manifest has none. */
	checksum?: 'holds' | 'differs' | 'no manifest';
}

export const components = ['postgres', 'redis', 'n8n', 'env'];

/** Every file that a backup left, artifacts re-read and compared with the SHA-256 in their manifest. */
export async function listBackups(backupDirectory: string): Promise<BackupFile[]> {
	const files: BackupFile[] = [];
	for (const component of components) {
		const folder = join(backupDirectory, component);
		for (const name of (await readdir(folder).catch(() => [])).sort()) {
			const { size } = await stat(join(folder, name));
			const isManifest = name.endsWith('.manifest.json');
			files.push({
				component,
				name,
				bytes: size,
				checksum: isManifest ? undefined : await compareChecksum(join(folder, name)),
			});
		}
	}
	return files;
}

/**
 * What is missing or broken, one line each; empty when every expected component has a good artifact and nothing else
 * lies about.
 */
export function findFaults(files: BackupFile[], expected = components): string[] {
	const absent = expected.filter(
		(component) => !files.some((file) => file.component === component && file.checksum === 'holds'),
	);
	const bad = files.filter((file) => file.checksum !== undefined && file.checksum !== 'holds');
	return [
		...absent.map((component) => `${component}: no good artifact`),
		...bad.map((file) => `${file.component}/${file.name}: ${file.checksum}`),
	];
}

/** The backup directory as a tree with sizes. */
export function formatTree(backupDirectory: string, files: BackupFile[]): string {
	const lines = [backupDirectory];
	const present = components.filter((component) => files.some((file) => file.component === component));
	for (const component of present) {
		const isLastComponent = component === present.at(-1);
		lines.push(`${isLastComponent ? '└' : '├'}── ${component}/`);
		const own = files.filter((file) => file.component === component);
		for (const file of own) {
			const branch = `${isLastComponent ? ' ' : '│'}   ${file === own.at(-1) ? '└' : '├'}── ${file.name}`;
			const proof = file.checksum ? `   SHA-256 ${file.checksum}` : '';
			lines.push(`${branch.padEnd(58)} ${formatBytes(file.bytes).padStart(9)}${proof}`);
		}
	}
	return lines.join('\n');
}

function formatBytes(bytes: number): string {
	if (bytes < 1000) return `${bytes} B`;
	const unit = bytes < 1_000_000 ? 'kB' : 'MB';
	return `${(bytes / (unit === 'kB' ? 1000 : 1_000_000)).toFixed(1)} ${unit}`;
}

async function compareChecksum(path: string): Promise<'holds' | 'differs' | 'no manifest'> {
	const manifest = await readFile(`${path}.manifest.json`, 'utf8').catch(() => undefined);
	if (manifest === undefined) return 'no manifest';
	const hash = createHash('sha256');
	await pipeline(createReadStream(path), hash);
	return hash.digest('hex') === (JSON.parse(manifest) as { sha256: string }).sha256 ? 'holds' : 'differs';
}
