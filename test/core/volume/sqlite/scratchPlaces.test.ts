import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../../lab/eventually';
import { expectClaimed, holdHeartbeats } from '../../../support/heartbeats';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { packInto } from '../support/pack';
import { consistentRows, startLedger } from './support/ledger';
import { endProcessesAfterEach, kill, sqlite3, startScript } from './support/processes';

jest.setTimeout(60_000);

endProcessesAfterEach();
afterEach(() => jest.useRealTimers());
afterEach(() => jest.restoreAllMocks());
const scratch = temporaryDirectory();

/** @param temporary as TMPDIR would name it; Jest's environment is not the process's own */
async function captureWith(temporary: string, backupDirectory?: string): Promise<void> {
	jest.spyOn(os, 'tmpdir').mockReturnValue(temporary);
	const directory = scratch.path('tree');
	await packInto(scratch.path('tree.tar'), { directory, backupDirectory });
	mkdirSync(scratch.path('out'));
	execFileSync('tar', ['xf', scratch.path('tree.tar'), '-C', scratch.path('out')]);
	expect(readdirSync(scratch.path('out'))).toEqual(['database.sqlite']);
	expect(consistentRows(scratch.path('out', 'database.sqlite'))).toBeGreaterThanOrEqual(1000);
}

beforeEach(async () => {
	mkdirSync(scratch.path('tree'));
	mkdirSync(scratch.path('backups'));
	await startLedger(scratch.path('tree', 'database.sqlite'), 'wal');
});

test('where TMPDIR cannot be written to, databases are captured by way of the backup directory', async () => {
	writeFileSync(scratch.path('file'), '');
	await captureWith(scratch.path('file'), scratch.path('backups'));
	expect(readdirSync(scratch.path('backups'))).toEqual([]);
});

test('where no directory can be written to, that is an error and no raw copy', async () => {
	writeFileSync(scratch.path('file'), '');
	await expect(captureWith(scratch.path('file'))).rejects.toThrow(
		/^There is no directory for consistent copies of databases: .*file \(ENOTDIR: .*Set TMPDIR in n8n’s environment/,
	);
});

// Only root can make a file system that is small.
(process.getuid?.() === 0 ? test : test.skip)(
	'where TMPDIR is full, databases are captured by way of the backup directory',
	async () => {
		mkdirSync(scratch.path('small'));
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', scratch.path('small')]);
		try {
			await captureWith(scratch.path('small'), scratch.path('backups'));
			expect(readdirSync(scratch.path('small'))).toEqual([]);
			expect(readdirSync(scratch.path('backups'))).toEqual([]);
		} finally {
			execFileSync('umount', [scratch.path('small')]);
		}
	},
);

test('copies that a crash has left are removed when nobody has touched them for minutes, those of another run are not', async () => {
	const places = [scratch.path('temporary'), scratch.path('backups')];
	const old = Date.now() / 1000 - 600;
	for (const place of places) {
		for (const name of ['.n8n-backup-databases-old', '.n8n-backup-databases-new', 'not-ours']) {
			mkdirSync(join(place, name), { recursive: true });
			writeFileSync(join(place, name, '0.sqlite'), '');
			if (!name.endsWith('new')) utimesSync(join(place, name), old, old);
		}
	}
	await captureWith(...(places as [string, string]));
	for (const place of places) {
		expect(readdirSync(place)).toEqual(['.n8n-backup-databases-new', 'not-ours']);
	}
});

test('copies that take long are not taken for what a crash has left', async () => {
	const database = scratch.path('locked', 'database.sqlite');
	mkdirSync(scratch.path('locked'));
	sqlite3(database, 'CREATE TABLE t (x)');
	const locker = await startScript(
		`const database = new DatabaseSync(process.argv[1]);
		database.exec('BEGIN EXCLUSIVE');
		console.log('locked');
		setInterval(() => {}, 1000);`,
		database,
	);
	holdHeartbeats();
	mkdirSync(scratch.path('temporary'));
	jest.spyOn(os, 'tmpdir').mockReturnValue(scratch.path('temporary'));
	const packing = packInto(scratch.path('locked.tar'), { directory: scratch.path('locked') });
	await eventually(() => expect(readdirSync(scratch.path('temporary'))).toHaveLength(1));
	const longAgo = Date.now() / 1000 - 3600;
	for (const name of readdirSync(scratch.path('temporary'))) {
		utimesSync(scratch.path('temporary', name), longAgo, longAgo);
	}
	await expectClaimed(scratch.path('temporary'));
	await kill(locker);
	expect((await packing).census.sqlite).toEqual(['database.sqlite']);
});

test('where TMPDIR lies in the tree, the copies there are no part of the archive, and a name that is only alike is', async () => {
	const inTree = (...parts: string[]) => scratch.path('tree', 'tmp', ...parts);
	const ofOthers = ['databases', 'drill'].map((purpose) => `.n8n-backup-${purpose}-${randomUUID()}`);
	for (const name of [...ofOthers, '.n8n-backup-program-aZ09xY', '.n8n-backup-databases-mine']) {
		mkdirSync(inTree(name), { recursive: true });
		writeFileSync(inTree(name, '0.sqlite'), 'x');
	}
	writeFileSync(inTree(`.n8n-backup-drill-${randomUUID()}`), 'a file');
	jest.spyOn(os, 'tmpdir').mockReturnValue(inTree());
	const { census } = await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	const listed = execFileSync('tar', ['tf', scratch.path('tree.tar')], { encoding: 'utf8' })
		.trim()
		.split('\n');
	expect(listed.filter((name) => name.startsWith('tmp/'))).toEqual([
		'tmp/',
		'tmp/.n8n-backup-databases-mine/',
		'tmp/.n8n-backup-databases-mine/0.sqlite',
		expect.stringMatching(/^tmp\/\.n8n-backup-drill-[^/]*$/),
	]);
	expect(listed).toContain('database.sqlite');
	expect(census).toMatchObject({ vanished: [], changed: [], skipped: 0 });
});
