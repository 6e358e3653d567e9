import { rm } from 'node:fs/promises';
import { artifactNamed, newestGoodArtifact, newestOfEach, presentArtifacts } from '../../../core/artifact';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const choice = () => ({ root: directory.path(), timeZone: 'utc', components: ['postgres'] as const });
const add = async (stamp: string, more: object = {}) =>
	await writeBackup(directory.path(), { stamp, ...more });

describe('choosing an artifact', () => {
	it('takes the newest that is good, not a newer one that is damaged', async () => {
		await add('20261121_020000');
		await add('20261122_020000');
		await add('20261123_020000', { manifest: { storedBytes: 1 } });
		expect((await newestGoodArtifact(choice())).name).toBe('n8n_20261122_020000.sql.gz');
	});

	it('passes over what a restore has replaced', async () => {
		await add('20261122_020000');
		await add('20261123_020000', { prefix: 'before-restore-n8n' });
		expect((await newestGoodArtifact(choice())).name).toBe('n8n_20261122_020000.sql.gz');
	});

	it('does not guess between several series', async () => {
		await add('20261122_020000');
		await add('20261123_020000', { prefix: 'crm' });
		await expect(newestGoodArtifact(choice())).rejects.toThrow(
			'There are backups of several kinds: crm, n8n. Name the artifact that you mean.',
		);
	});

	it('says when there is none', async () => {
		await add('20261123_020000', { manifest: { storedBytes: 1 } });
		await expect(newestGoodArtifact(choice())).rejects.toThrow(
			`${directory.path()} holds no good postgres backup.`,
		);
	});

	it('finds one by its name', async () => {
		const path = await add('20261122_020000');
		expect((await artifactNamed('n8n_20261122_020000.sql.gz', choice())).path).toBe(path);
		await expect(artifactNamed('n8n.sql', choice())).rejects.toThrow(
			'no postgres backup of the name n8n.sql',
		);
	});

	it('gives the newest of each series, and none whose file is gone', async () => {
		await add('20261121_020000', { prefix: 'crm' });
		await add('20261122_020000');
		await rm(await add('20261123_020000'));
		const names = newestOfEach(await presentArtifacts(choice())).map(({ name }) => name);
		expect(names).toEqual(['n8n_20261122_020000.sql.gz', 'crm_20261121_020000.sql.gz']);
	});
});
