import type { Manifest } from '../../../core/artifact';
import { readManifest } from '../../../core/artifact';
import { withKeyWarning } from '../../../core/n8n/keyWarning';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();

/** The warnings of an archive beside an earlier copy of a .env. */
async function warningsWith(
	encryptionKey: Manifest['encryptionKey'],
	earlier?: { manifest: Partial<Manifest> },
): Promise<unknown> {
	const root = directory.path();
	if (earlier)
		await writeBackup(root, { stamp: '20261122_020000', component: 'env', prefix: 'env', ...earlier });
	const path = await writeBackup(root, {
		stamp: '20261123_020000',
		component: 'n8n',
		manifest: { encryptionKey, warnings: ['2 files vanished'] },
	});
	const artifact = { path, manifest: await readManifest(path) };
	return (await withKeyWarning(artifact, { root, timeZone: 'utc' })).manifest.warnings;
}

describe('an archive', () => {
	it('warns when the encryption key is in no backup at all', async () => {
		expect(await warningsWith('missing')).toEqual([
			'2 files vanished',
			expect.stringMatching(/^n8n’s encryption key is not in this backup, nor in another one that is there/),
		]);
	});

	it('does not warn when the key is in it', async () => {
		expect(await warningsWith('found')).toEqual(['2 files vanished']);
	});

	it('does not warn when the key is in a good copy of the .env', async () => {
		expect(await warningsWith('missing', { manifest: { encryptionKey: 'found' } })).toEqual([
			'2 files vanished',
		]);
	});

	it('warns when the only copy with the key is damaged', async () => {
		expect(
			await warningsWith('missing', { manifest: { encryptionKey: 'found', storedBytes: 1 } }),
		).toHaveLength(2);
	});
});
