import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { packInto } from '../support/pack';
import { endProcessesAfterEach, sqlite3, startScript } from './support/processes';

jest.setTimeout(120_000);

// The disk goes first: nobody can leave a directory that something is mounted on.
const mounted: string[] = [];
endProcessesAfterEach();
afterEach(() => {
	for (const directory of mounted.splice(0)) execFileSync('umount', [directory]);
});
const scratch = temporaryDirectory();

/** Moves amounts between 20,000 accounts without pause; the file's size never changes, and the sum stays. */
const bank = `
	const database = new DatabaseSync(process.argv[1]);
	database.exec('PRAGMA synchronous = OFF; PRAGMA busy_timeout = 20000; CREATE TABLE account (amount INTEGER, pad BLOB)');
	database.exec(
		'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) ' +
			'INSERT INTO account SELECT 100, randomblob(1000) FROM n',
	);
	console.log('writing');
	const move = database.prepare('UPDATE account SET amount = amount + ? WHERE rowid = ?');
	const turn = () => {
		for (let i = 0; i < 5; i++) {
			database.exec('BEGIN IMMEDIATE');
			for (const by of [-1, 1, -1, 1]) move.run(by, 1 + Math.floor(Math.random() * 20000));
			database.exec('COMMIT');
		}
		setTimeout(turn, 1);
	};
	turn();`;

// Only root can mount.
(process.getuid?.() === 0 ? test : test.skip)(
	'a database with a rollback journal on a disk whose times are exact to a second is consistent, every time',
	async () => {
		const disk = scratch.path('disk');
		mkdirSync(disk);
		execFileSync('truncate', ['-s', '512M', scratch.path('image')]);
		// Small inodes have no room for parts of a second.
		execFileSync('mkfs.ext4', ['-q', '-I', '128', scratch.path('image')], { stdio: 'ignore' });
		execFileSync('mount', ['-o', 'loop', scratch.path('image'), disk]);
		mounted.push(disk);
		writeFileSync(scratch.path('disk', 'probe'), '');
		expect(statSync(scratch.path('disk', 'probe'), { bigint: true }).mtimeNs % 1_000_000_000n).toBe(0n);

		await startScript(bank, scratch.path('disk', 'database.sqlite'));
		for (let i = 0; i < 8; i++) {
			const { census } = await packInto(scratch.path(`${i}.tar`), {
				directory: disk,
				exclude: ['lost+found'],
			});
			expect(census.databases).toEqual([{ path: 'database.sqlite', check: 'passed' }]);
			const out = scratch.path(`out-${i}`);
			mkdirSync(out);
			execFileSync('tar', ['xf', scratch.path(`${i}.tar`), '-C', out]);
			const copy = scratch.path(`out-${i}`, 'database.sqlite');
			expect(sqlite3(copy, 'PRAGMA integrity_check; SELECT sum(amount) FROM account')).toBe('ok\n2000000');
		}
	},
);
