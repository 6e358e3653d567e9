import { dirname } from 'node:path';
import type { Manifest } from '../../core/artifact';
import { manifestIfAny } from '../../core/artifact/verifyArtifact';
import type { FileHandle } from 'node:fs/promises';
import { fileError } from '../../core/errors';
import { openRegularFile } from '../../core/files/openRegularFile';
import { asOwnerOf } from '../identity';

/** What an argument that names an artifact may be. */
export const artifactArgument = 'path, name in the backup directory, or "newest"';

export interface ManifestOption {
	/** False with --no-manifest. */
	manifest: boolean;
}

export const noManifestHelp = 'do not compare with the manifest, as when that is what cannot be read';

/**
 * The manifest that a restore is compared with, where there is one and it counts.
 *
 * @throws BackupError `unreadable` for one that cannot be judged
 */
export async function manifestOf(path: string, { manifest }: ManifestOption): Promise<Manifest | undefined> {
	return manifest ? await asOwnerOf(dirname(path), async () => await manifestIfAny(path)) : undefined;
}

/**
 * Opens an artifact as the owner of its directory, for what then goes on as root: its path may lead elsewhere by then.
 *
 * @throws BackupError as the owner of the directory would be told
 */
export async function openArtifact(path: string): Promise<FileHandle> {
	return await asOwnerOf(dirname(path), async () => {
		try {
			return await openRegularFile(path, process.getuid?.() !== 0);
		} catch (error) {
			throw fileError(error, path);
		}
	});
}
