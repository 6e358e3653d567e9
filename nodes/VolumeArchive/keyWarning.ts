import type { IDataObject } from 'n8n-workflow';
import { type Artifact, type ArtifactRequest, presentArtifacts } from '../../core/artifact';
import { artifactItem } from '../shared/artifactItem';

/**
 * The artifact as an item, with a warning when n8n's encryption key is neither in it nor in any other backup that
 * is there: without the key, a restored database’s credentials are lost.
 */
export async function artifactItemWithKeyWarning(
	artifact: Artifact,
	{ root, timeZone }: Pick<ArtifactRequest, 'root' | 'timeZone'>,
): Promise<IDataObject> {
	const item = artifactItem(artifact);
	if (artifact.manifest.encryptionKey !== 'missing') return item;
	const others = await presentArtifacts({ root, timeZone, components: ['n8n', 'env'] });
	if (others.some(({ state, manifest }) => state === 'good' && manifest?.encryptionKey === 'found'))
		return item;
	const warning =
		'n8n’s encryption key is not in this backup, nor in another one that is there: without it no stored credential can be decrypted after a restore. Archive n8n’s data folder with its config file, or copy the .env that sets N8N_ENCRYPTION_KEY.';
	return { ...item, warnings: [...artifact.manifest.warnings, warning] };
}
