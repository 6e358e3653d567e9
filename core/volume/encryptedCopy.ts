import type { Manifest } from '../artifact/manifest';
import { isAgeName } from '../encryption';

/**
 * Whether the copy of a single file was encrypted when it was made. Its bytes do not tell: somebody may have copied a
 * file that is encrypted itself, which is not to be opened then.
 */
export function isEncryptedCopy(path: string, manifest: Pick<Manifest, 'encryption'> | undefined): boolean {
	return manifest ? manifest.encryption !== undefined : isAgeName(path);
}
