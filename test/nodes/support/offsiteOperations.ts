import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBackup } from '../../support/writeBackup';
import type { OperationRow } from './operations';

/** Off-Site Copy with another directory as the destination; other places have tests of their own. */
export function offsiteOperations(): OperationRow[] {
	return ['copy', 'fetch', 'list', 'prune', 'verify'].map((operation) => ({
		name: `offSiteCopy ${operation}`,
		works: async (place) => {
			const [backupDirectory, path] = [join(place, 'backups'), join(place, 'nas')];
			await mkdir(backupDirectory);
			await mkdir(path);
			await writeBackup(operation === 'copy' ? backupDirectory : path, { stamp: '20250101_020000' });
			const rules = { keepDays: 1, keepLast: 1, dryRun: false, names: '' };
			return { parameters: { destination: 'directory', path, backupDirectory, ...rules } };
		},
		judge: (items) => {
			expect(items.map(({ name }) => name)).toEqual(['n8n_20250101_020000.sql.gz']);
		},
		fails: async (place) => {
			const backupDirectory = join(place, 'backups');
			await mkdir(backupDirectory);
			return { parameters: { destination: 'directory', path: join(place, 'nas'), backupDirectory } };
		},
		says: { message: /nas does not exist/, description: /Create it, or correct the path/ },
	}));
}
