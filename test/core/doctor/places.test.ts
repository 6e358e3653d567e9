import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { checkBackupDirectory, checkDataFolder, checkFile, checkSpace } from '../../../core/doctor/places';
import { describeTree } from '../../support/describeTree';
import { describeDisks, temporaryDisks } from '../../support/disks';
import { locksInDirectory } from '../../support/fileLocks';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const anything = async (path: string) => await Promise.resolve(path);
const never = new AbortController().signal;

describe('the backup directory', () => {
	it('passes by what was written, in every place where backups are, and is as it was afterwards', async () => {
		await writeBackup(directory.path(), { stamp: '20260110_020000' });
		const before = await describeTree(directory.path());
		const finding = await checkBackupDirectory(directory.path(), anything);
		expect(finding.result).toBe('passed');
		expect(finding.found).toContain(`removed in ${directory.path()}, ${directory.path('postgres')}.`);
		expect(await describeTree(directory.path())).toEqual(before);
	});

	it('fails where it is not there, or is none, and says what to do', async () => {
		expect(await checkBackupDirectory(directory.path('none'), anything)).toMatchObject({
			result: 'failed',
			found: `${directory.path('none')} does not exist.`,
			whatToDo: 'Create it, or mount it into the container of n8n and of every worker.',
		});
		await writeFile(directory.path('file'), '');
		expect((await checkBackupDirectory(directory.path('file'), anything)).result).toBe('failed');
	});

	it('fails where a component’s place is no directory, though the directory itself can be written', async () => {
		await writeFile(directory.path('redis'), '');
		const finding = await checkBackupDirectory(directory.path(), anything);
		expect([finding.result, finding.found]).toEqual(['failed', expect.stringContaining('redis')]);
		expect(await readdir(directory.path())).toEqual(['redis']);
	});

	it('knows how many nights fit only when there was one', async () => {
		expect(await checkSpace(directory.path(), 'utc', anything)).toMatchObject({ result: 'unknown' });
		await writeBackup(directory.path(), { stamp: '20260110_020000' });
		const finding = await checkSpace(directory.path(), 'utc', anything);
		expect([finding.result, finding.found]).toEqual([
			'passed',
			expect.stringMatching(/free: enough for .* nights of /),
		]);
	});
});

describeDisks('the backup directory on a disk of its own', () => {
	const disks = temporaryDisks();

	it('fails where it is mounted read-only, and where it is full', async () => {
		const disk = disks.ext4('disk');
		expect((await checkBackupDirectory(disk, anything)).result).toBe('passed');
		execFileSync('mount', ['-o', 'remount,ro', disk]);
		expect((await checkBackupDirectory(disk, anything)).result).toBe('failed');
		execFileSync('mount', ['-o', 'remount,rw', disk]);
		const full = disks.memory('full');
		execFileSync('mount', ['-o', 'remount,size=100k', full]);
		expect(await checkBackupDirectory(full, anything)).toMatchObject({
			result: 'failed',
			found: expect.stringContaining('no space left') as string,
		});
	});

	it('fails where fewer than three nights fit', async () => {
		const disk = disks.ext4('disk');
		await writeBackup(disk, {
			stamp: '20260110_020000',
			content: randomBytes(15_000_000).toString('base64'),
		});
		expect(await checkSpace(disk, 'utc', anything)).toMatchObject({ result: 'failed' });
	});
});

describe('what is to be backed up', () => {
	it('is looked at without a lock being lost on a database that this process has open, as n8n has its own', async () => {
		const data = directory.path('data');
		await mkdir(data);
		await symlink('database.sqlite', directory.path('data', 'link'));
		const database = new DatabaseSync(directory.path('data', 'database.sqlite'));
		try {
			database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)');
			const locks = locksInDirectory(data);
			expect(locks.length).toBeGreaterThan(2);
			expect((await checkDataFolder(data, anything)).finding).toMatchObject({
				result: 'passed',
				found: `${data} can be read: all 4 entries were opened.`,
			});
			expect(locksInDirectory(data)).toEqual(locks);
		} finally {
			database.close();
		}
	});

	it('passes by what was opened, with n8n’s key', async () => {
		await mkdir(directory.path('data', 'binaryData'), { recursive: true });
		await writeFile(directory.path('data', 'config'), '{"encryptionKey":"of the test"}');
		await writeFile(directory.path('data', 'binaryData', 'file'), 'x');
		await symlink('nothing', directory.path('data', 'link'));
		const { finding, key } = await checkDataFolder(directory.path('data'), anything);
		expect([finding.result, finding.found, key]).toEqual([
			...['passed', `${directory.path('data')} can be read: all 4 entries were opened.`, 'of the test'],
		]);
		await writeFile(directory.path('.env'), 'N8N_ENCRYPTION_KEY=other\n');
		const file = await checkFile(directory.path('.env'), anything, never);
		expect([file.finding.result, file.key]).toEqual(['passed', 'other']);
		expect(JSON.stringify([finding, file.finding])).not.toMatch(/of the test|other/);
	});

	it('fails where it is missing or empty, and is unknown where it was not named', async () => {
		await mkdir(directory.path('empty'));
		const results = [];
		for (const path of [directory.path('none'), directory.path('empty'), undefined])
			results.push((await checkDataFolder(path, anything)).finding.result);
		const { finding } = await checkFile(directory.path('none.env'), anything, never);
		expect([...results, finding.result]).toEqual(['failed', 'failed', 'unknown', 'failed']);
	});

	it('says how many entries it opened of a large folder', async () => {
		await mkdir(directory.path('large'));
		for (let i = 0; i < 2001; i++) await writeFile(directory.path('large', String(i)), '');
		const { finding } = await checkDataFolder(directory.path('large'), anything);
		expect(finding.found).toContain('the first 2000 entries were opened');
	});
});
