import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type CatalogEntry, readCatalog } from '../../../core/artifact';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();

async function catalog(): Promise<CatalogEntry[]> {
	return await readCatalog({ root: directory.path(), timeZone: 'utc' });
}

describe('the catalog', () => {
	it('lists what is good, newest first within each component', async () => {
		await writeBackup(directory.path(), { stamp: '20261101_020000' });
		await writeBackup(directory.path(), { stamp: '20261103_020000' });
		await writeBackup(directory.path(), { stamp: '20261102_020000', component: 'env', prefix: 'env' });
		expect((await catalog()).map(({ component, name, state }) => [component, name, state])).toEqual([
			['postgres', 'n8n_20261103_020000.sql.gz', 'good'],
			['postgres', 'n8n_20261101_020000.sql.gz', 'good'],
			['env', 'env_20261102_020000.sql.gz', 'good'],
		]);
	});

	it('has of one series what it has of all', async () => {
		for (const prefix of ['n8n', 'n8n_old', 'n8', 'crm']) {
			await writeBackup(directory.path(), { stamp: '20261101_020000', prefix });
			await writeBackup(directory.path(), { stamp: '20261102_020000', prefix });
		}
		await writeFile(directory.path('postgres', 'n8n_20261103_020000.sql.gz'), 'x');
		await rm(directory.path('postgres', 'n8n_20261101_020000.sql.gz'));
		const all = await catalog();
		for (const prefix of ['n8n', 'n8n_old', 'n8', 'crm', 'none']) {
			const own = await readCatalog({ root: directory.path(), timeZone: 'utc', series: { prefix } });
			expect(own).toEqual(all.filter((entry) => entry.prefix === prefix));
		}
	});

	it('takes the instant from the manifest, and from the name where there is none', async () => {
		await writeBackup(directory.path(), {
			stamp: '20261101_020000',
			manifest: { startedAt: '2026-11-01T06:59:00.000Z' },
		});
		await writeFile(directory.path('postgres', 'n8n_20261031_020000.sql.gz'), 'x');
		const entries = await readCatalog({ root: directory.path(), timeZone: 'Europe/Berlin' });
		expect(entries.map(({ at }) => at.toISOString())).toEqual([
			'2026-11-01T06:59:00.000Z',
			'2026-10-31T01:00:00.000Z',
		]);
	});

	it.each([
		[
			'the manifest of an artifact of another size',
			{ artifact: 'crm_20261101_020000.sql.gz', storedBytes: 5 },
			'Its manifest is that of crm_20261101_020000.sql.gz.',
		],
		['another size', { storedBytes: 5 }, /^It has \d+ bytes where its manifest says 5\.$/],
		['another component', { component: 'redis' }, 'Its manifest is that of a redis artifact.'],
		[
			'a failed verification',
			{ verification: { at: '2026-11-02T00:00:00Z', result: 'failed', findings: ['The checksum differs.'] } },
			'Its verification failed: The checksum differs.',
		],
	])('calls an artifact contradicted that has %s', async (_name, manifest, problem) => {
		await writeBackup(directory.path(), { stamp: '20261101_020000', manifest: manifest as never });
		const [entry] = await catalog();
		expect(entry).toMatchObject({ state: 'contradicted' });
		expect(entry!.problem).toMatch(problem);
	});

	it('calls an artifact unproven that has no manifest', async () => {
		await mkdir(directory.path('redis'));
		await writeFile(directory.path('redis', 'dump_20261101_020000.rdb'), 'x');
		expect(await catalog()).toMatchObject([
			{ state: 'unproven', problem: 'There is no manifest beside it.' },
		]);
	});

	it('shows a manifest whose artifact is gone', async () => {
		await rm(await writeBackup(directory.path(), { stamp: '20261101_020000' }));
		expect(await catalog()).toMatchObject([{ state: 'missing', storedBytes: 0 }]);
	});

	it('passes over foreign names, unfinished files and directories', async () => {
		await mkdir(directory.path('n8n', 'n8n_data_20261101_020000.tar.gz'), { recursive: true });
		await writeFile(directory.path('n8n', 'readme.txt'), 'x');
		await writeFile(directory.path('n8n', '.n8n_data_20261102_020000.tar.gz.partial'), 'x');
		expect(await catalog()).toEqual([]);
	});

	it('is empty for a backup directory that nothing was saved to', async () => {
		expect(await catalog()).toEqual([]);
	});
});
