import { type Artifact, type ArtifactRequest, presentArtifacts } from '../../core/artifact';

/**
 * The artifact with a warning when n8n's encryption key is neither in it nor in any other backup that
 * is there: without the key, a restored database’s credentials are lost.
 */
export async function withKeyWarning(
	artifact: Artifact,
	{ root, timeZone }: Pick<ArtifactRequest, 'root' | 'timeZone'>,
): Promise<Artifact> {
	const { manifest } = artifact;
	if (manifest.encryptionKey !== 'missing') return artifact;
	const others = await presentArtifacts({ root, timeZone, components: ['n8n', 'env'] });
	if (others.some((other) => other.state === 'good' && other.manifest?.encryptionKey === 'found'))
		return artifact;
	const warning =
		'n8n’s encryption key is not in this backup, nor in another one that is there: without it no stored credential can be decrypted after a restore. Archive n8n’s data folder with its config file, or copy the .env that sets N8N_ENCRYPTION_KEY.';
	return { ...artifact, manifest: { ...manifest, warnings: [...manifest.warnings, warning] } };
}
