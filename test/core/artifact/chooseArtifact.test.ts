import { rm } from 'node:fs/promises';
import {
	artifactNamed,
	newestGoodArtifact,
	newestGoodArtifacts,
	newestOfEach,
	otherInstances,
	presentArtifacts,
	shrunkSince,
	type SeriesFilter,
} from '../../../core/artifact';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const ours = 'a1b2'.repeat(16);
const theirs = 'c3d4'.repeat(16);
const choice = (series?: SeriesFilter) => ({
	root: directory.path(),
	timeZone: 'utc',
	components: ['postgres'] as const,
	series,
});
const add = async (stamp: string, more: object = {}) =>
	await writeBackup(directory.path(), { stamp, ...more });

describe('choosing an artifact', () => {
	it('takes the newest that is good, not a newer one that is damaged', async () => {
		await add('20261121_020000');
		await add('20261122_020000');
		await add('20261123_020000', { manifest: { storedBytes: 1 } });
		expect((await newestGoodArtifact(choice())).name).toBe('n8n_20261122_020000.sql.gz');
	});

	it('takes the last full one, names a newer one that is shrunk, and takes no shrunk one unnamed', async () => {
		const shrunk = { before: 'n8n_20261121_020000.sql.gz', lost: ['public.user had 2 rows and has 0.'] };
		await add('20261122_020000', { manifest: { shrunk } });
		await expect(newestGoodArtifact(choice())).rejects.toThrow(
			`${directory.path()} holds no full postgres backup any more, only shrunk ones; n8n_20261122_020000.sql.gz is the newest. ` +
				'Name it, if it is wanted all the same.',
		);
		await add('20261121_020000');
		const newest = await newestGoodArtifact(choice());
		expect(newest.name).toBe('n8n_20261121_020000.sql.gz');
		expect(await shrunkSince(choice(), [newest])).toEqual([
			'n8n_20261121_020000.sql.gz is the last full backup. n8n_20261122_020000.sql.gz is newer: ' +
				'It holds far less than n8n_20261121_020000.sql.gz, the last full one before it: public.user had 2 rows and has 0.',
		]);
		expect((await artifactNamed('n8n_20261122_020000.sql.gz', choice())).state).toBe('shrunk');
	});

	it('passes over what a restore has replaced', async () => {
		await add('20261122_020000');
		await add('20261123_020000', { prefix: 'before-restore-n8n' });
		expect((await newestGoodArtifact(choice())).name).toBe('n8n_20261122_020000.sql.gz');
	});

	it('does not guess between several series, and says how to choose', async () => {
		await add('20261122_020000', { manifest: { instanceId: ours } });
		await add('20261123_020000', { prefix: 'crm' });
		await expect(newestGoodArtifact(choice())).rejects.toThrow(
			`There are backups of several series: postgres/crm of an unknown instance, postgres/n8n of instance ${ours.slice(0, 12)}. ` +
				'Choose by prefix and instance (--prefix and --instance; File Prefix and Instance in a node), or name the artifact.',
		);
		expect((await newestGoodArtifact(choice({ prefix: 'n8n' }))).name).toBe('n8n_20261122_020000.sql.gz');
		expect((await newestGoodArtifact(choice({ instance: 'unknown' }))).name).toBe(
			'crm_20261123_020000.sql.gz',
		);
	});

	it('takes the newest of the n8n that is meant, not a newer one of another in the same directory', async () => {
		await add('20261122_020000', { manifest: { instanceId: ours } });
		await add('20261123_020000', { manifest: { instanceId: theirs } });
		const newestOf = async (instance: string) => (await newestGoodArtifact(choice({ instance }))).name;
		expect(await newestOf(ours)).toBe('n8n_20261122_020000.sql.gz');
		expect(await newestOf(theirs.slice(0, 12))).toBe('n8n_20261123_020000.sql.gz');
	});

	it('names what there is of another n8n rather than taking it', async () => {
		await add('20261123_020000', { manifest: { instanceId: theirs } });
		await expect(newestGoodArtifact(choice({ instance: ours }))).rejects.toMatchObject({
			code: 'not-found',
			what: `${directory.path()} holds no good postgres backup of instance ${ours.slice(0, 12)}, only postgres/n8n of instance ${theirs.slice(0, 12)}.`,
		});
		expect(await otherInstances(choice({ instance: ours }))).toEqual([`instance ${theirs.slice(0, 12)}`]);
	});

	it('passes over what is dated in the future, and says so when nothing else is left', async () => {
		await add('20261122_020000');
		await add('20310101_020000');
		const now = new Date('2026-11-23T10:00Z');
		expect((await newestGoodArtifact({ ...choice(), now })).name).toBe('n8n_20261122_020000.sql.gz');
		await expect(newestGoodArtifact({ ...choice(), now: new Date('2020-01-01') })).rejects.toThrow(
			'that is not dated in the future: n8n_20310101_020000.sql.gz is of 2031-01-01T02:00:00.000Z. Check this machine’s clock',
		);
	});

	it('takes the newest of each database for a drill, and no roles', async () => {
		await add('20261121_020000', { prefix: 'crm' });
		await add('20261122_020000');
		await add('20261123_020000', { prefix: 'globals', manifest: { source: { container: 'db' } } });
		await add('20261123_020000', { prefix: 'before-restore-n8n' });
		expect((await newestGoodArtifacts(choice())).map(({ name }) => name)).toEqual([
			'n8n_20261122_020000.sql.gz',
			'crm_20261121_020000.sql.gz',
		]);
		const [roles] = await newestGoodArtifacts(choice({ prefix: 'globals' }));
		expect(roles!.name).toBe('globals_20261123_020000.sql.gz');
	});

	it('takes a database for one that is called globals', async () => {
		await add('20261123_020000', { prefix: 'globals' });
		expect((await newestGoodArtifact(choice())).name).toBe('globals_20261123_020000.sql.gz');
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

	it('gives the newest of each series: none whose file is gone, of the future, or that a restore has replaced', async () => {
		await add('20261121_020000', { prefix: 'crm' });
		await add('20261122_020000');
		await rm(await add('20261123_020000'));
		await add('20310101_020000');
		await add('20261123_020000', { prefix: 'before-restore-n8n' });
		const names = newestOfEach(await presentArtifacts(choice())).map(({ name }) => name);
		expect(names).toEqual(['n8n_20261122_020000.sql.gz', 'crm_20261121_020000.sql.gz']);
	});
});
