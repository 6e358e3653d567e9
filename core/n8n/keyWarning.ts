import { type Artifact, presentArtifacts } from '../artifact';

/**
 * The artifact with a warning when n8n's encryption key is neither in it nor in any other backup that is there: without
 * the key, a restored database’s credentials are lost. Only of artifacts that can hold it.
 */
export async function withKeyWarning(
	artifact: Artifact,
	{ root, timeZone }: { root: string; timeZone: string },
): Promise<Artifact> {
	const { manifest } = artifact;
	if (manifest.encryptionKey !== 'missing') return artifact;
	const others = await presentArtifacts({ root, timeZone, components: ['n8n', 'env'] });
	const isElsewhere = others.some(
		({ state, manifest: other }) => state === 'good' && other?.encryptionKey === 'found',
	);
	if (isElsewhere) return artifact;
	const warning =
		'n8n’s encryption key is not in this backup, nor in another one that is there: without it no stored credential can be decrypted after a restore. Archive n8n’s data folder with its config file, or copy the .env that sets N8N_ENCRYPTION_KEY.';
	return { ...artifact, manifest: { ...manifest, warnings: [...manifest.warnings, warning] } };
}
