import { statSync } from 'node:fs';
import { DatabaseCopier } from '../../../../core/volume/sqlite/databaseCopier';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { endProcessesAfterEach, sqlite3, startScript } from './support/processes';

endProcessesAfterEach();
const directory = temporaryDirectory();

/** A database of which nine tenths were deleted, as by pruning executions. */
function makePruned(path: string, journalMode: string): void {
	sqlite3(
		path,
		`PRAGMA journal_mode = ${journalMode};
		CREATE TABLE execution (id INTEGER PRIMARY KEY, data BLOB);
		INSERT INTO execution SELECT value, randomblob(2000) FROM generate_series(1, 5000);
		DELETE FROM execution WHERE id % 10 <> 0;`,
	);
}

describe.each(['delete', 'wal'])('a pruned database with the journal mode %s', (journalMode) => {
	it.each(['open elsewhere', 'at rest'])('is copied without its free pages when it is %s', async (how) => {
		const path = directory.path('database.sqlite');
		const target = directory.path('copy.sqlite');
		makePruned(path, journalMode);
		if (how === 'open elsewhere') {
			const script = `
				const database = new DatabaseSync(process.argv[1]);
				database.exec('SELECT count(*) FROM execution');
				console.log('open');
				setInterval(() => database.exec('SELECT 1'), 1000);`;
			await startScript(script, path);
		}
		await using copier = new DatabaseCopier();
		const copied = await copier.copy(Buffer.from(path).toString('latin1'), target);
		expect(copied).toMatchObject({ kind: 'database', examination: { check: 'passed' } });
		expect(statSync(path).size).toBeGreaterThan(10_000_000);
		expect(statSync(target).size).toBeLessThan(2_000_000);
		const dump = (database: string) =>
			sqlite3(database, 'SELECT count(*), sum(id), max(hex(data)), min(hex(data)) FROM execution');
		expect(sqlite3(target, 'PRAGMA integrity_check')).toBe('ok');
		expect(dump(target)).toBe(dump(path));
	});
});
