import { type CatalogEntry, type CheckRecord, readEntry, type Manifest } from '../../../../core/artifact';
import { backupLabel } from '../../../../nodes/shared/lists/backupLabel';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { writeBackup } from '../../../support/writeBackup';

const directory = temporaryDirectory();
const ours = 'a1b2'.repeat(16);
const passed: CheckRecord = { at: '2026-11-26T02:00:00.000Z', result: 'passed', findings: [] };
const failed: CheckRecord = { ...passed, result: 'failed' };

it.each<[label: string, manifest: Partial<Manifest>, entry: Partial<CatalogEntry>]>([
	['Wed 25 Nov 20:43 · n8n · 3.2 MB', { instanceId: ours }, {}],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB', { instanceId: undefined }, {}],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB · drilled', { drill: passed, verification: passed }, {}],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB · did not pass its drill', { drill: failed, verification: passed }, {}],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB · verified', { verification: passed }, {}],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB · shrunk', {}, { state: 'shrunk' }],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB · encrypted', { encryption: { format: 'age', recipients: [] } }, {}],
	['Wed 25 Nov 20:43 · n8n · 3.2 MB · of n8n c3d4c3d4c3d4', { instanceId: 'c3d4'.repeat(16) }, {}],
	['Tue 25 Nov 2025 20:43 · n8n · 3.2 MB', {}, { at: new Date('2025-11-25T19:43:00Z') }],
])('a backup in a list is called %s', async (label, manifest, more) => {
	const path = await writeBackup(directory.path(), { stamp: '20261125_194307', manifest });
	const entry = (await readEntry({ timeZone: 'utc' }, 'postgres', path))!;
	const now = new Date('2026-11-27T00:00:00Z');
	expect(
		backupLabel(
			{ ...entry, storedBytes: 3_200_000, ...more },
			{ timeZone: 'Europe/Berlin', instanceId: ours, now },
		),
	).toBe(label);
});
