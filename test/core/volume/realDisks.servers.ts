import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
	chmodSync,
	constants,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { copyFile } from '../../../core/volume/copyFile';
import { describeDisks, temporaryDisks } from '../../support/disks';
import { eventually } from '../../../lab/eventually';
import { asUser, withoutSight } from './support/asUser';
import { packInto } from './support/pack';

jest.setTimeout(120_000);

const never = new AbortController().signal;

function list(archive: string): string[] {
	return execFileSync('tar', ['tf', archive], { encoding: 'utf8' }).trim().split('\n');
}

/** Kind, size, time and name of each member, in UTC. */
function listInFull(archive: string): string[] {
	const args = ['tvf', archive, '--full-time', '--utc', '--numeric-owner'];
	const lines = execFileSync('tar', args, { encoding: 'utf8' }).trim().split('\n');
	return lines.map((line) => line.replace(' ./', ' ').replace(/\s+/g, ' ').trim()).sort();
}

/** What GNU tar finds to be different. */
function compare(archive: string, directory: string): string {
	const { stdout, stderr } = spawnSync('tar', ['df', archive, '-C', directory], { encoding: 'utf8' });
	return stdout + stderr;
}

/** Takes a lease for writing, tells, and keeps it for so many seconds whatever the kernel asks. */
const holdLease = `
	open(F, '+<', $ARGV[0]) or die;
	$SIG{IO} = 'IGNORE';
	$| = 1;
	fcntl(F, 1024, 1) or die $!;
	print "held\\n";
	sleep $ARGV[1];`;

describeDisks('A directory on a disk of its own', () => {
	const disks = temporaryDisks();

	it('is archived whole while files vanish from it, on a disk that lists names without their types', async () => {
		const disk = disks.ext4('untyped', ['-O', '^filetype']);
		const stable = Array.from({ length: 300 }, (_, i) => `busy/stays-${i}`);
		mkdirSync(join(disk, 'busy'));
		for (const name of stable) writeFileSync(join(disk, name), name);
		const program = `const { rmSync, writeFileSync } = require('node:fs');
			process.on('SIGTERM', () => process.exit());
			setImmediate(function churn() {
				for (let i = 0; i < 100; i++) writeFileSync('comes-and-goes-' + i, '');
				for (let i = 0; i < 100; i++) rmSync('comes-and-goes-' + i);
				setImmediate(churn);
			});`;
		const churn = spawn(process.execPath, ['-e', program], { cwd: join(disk, 'busy') });
		try {
			await once(churn, 'spawn');
			await eventually(() => expect(existsSync(join(disk, 'busy', 'comes-and-goes-50'))).toBe(true));
			for (let round = 0; round < 12; round++) {
				const { census } = await packInto(disks.path('busy.tar'), { directory: disk });
				expect(census.vanished).not.toContain('busy');
				expect(list(disks.path('busy.tar'))).toEqual(expect.arrayContaining(stable));
			}
		} finally {
			churn.kill();
			await once(churn, 'close');
		}
	});

	it('is archived whole though one name in it is gone when it is looked at, on such a disk', () => {
		const disk = disks.ext4('untyped', ['-O', '^filetype']);
		mkdirSync(join(disk, 'busy'));
		for (const name of ['after', 'before', 'gone']) writeFileSync(join(disk, 'busy', name), name);
		const archive = disks.path('busy.tar');
		const { census } = withoutSight(join(disk, 'busy', 'gone'), disk, archive);
		expect(census).toMatchObject({ vanished: ['busy/gone'] });
		expect(list(archive)).toEqual(['./', 'busy/', 'busy/after', 'busy/before']);
	});

	it('is not taken for the backup directory because the number of device and inode is the same', async () => {
		for (const name of ['sources/backups', 'sources/data']) disks.ext4(name);
		mkdirSync(disks.path('sources', 'backups', 'n8n'));
		writeFileSync(disks.path('sources', 'backups', 'n8n', 'yesterday.tar.gz'), 'large');
		writeFileSync(disks.path('sources', 'data', 'precious'), 'content');
		const seen = disks.fuse(disks.path('sources'), 'seen');
		const [backups, data] = ['backups', 'data'].map((name) => statSync(join(seen, name)));
		expect([data!.dev, data!.ino]).toEqual([backups!.dev, backups!.ino]);

		const alone = disks.path('alone.tar');
		const backupDirectory = join(seen, 'backups');
		const { facts: aloneFacts } = await packInto(alone, { directory: join(seen, 'data'), backupDirectory });
		expect(list(alone)).toEqual(['./', 'precious']);
		expect(aloneFacts.warnings).toEqual([]);

		const both = disks.path('both.tar');
		const { facts } = await packInto(both, { directory: seen, backupDirectory });
		expect(list(both)).toEqual(['./', 'data/', 'data/lost+found/', 'data/precious']);
		expect(facts.warnings).toEqual([
			expect.stringContaining('they lie elsewhere, so they were archived: data.'),
		]);
	});

	it('has its backup directory left out, and is refused when it is that, through another mount as well', async () => {
		const disk = disks.ext4('disk');
		mkdirSync(join(disk, 'folder with spaces', 'backups', 'n8n'), { recursive: true });
		writeFileSync(join(disk, 'folder with spaces', 'backups', 'n8n', 'yesterday.tar.gz'), 'large');
		writeFileSync(join(disk, 'folder with spaces', 'file'), 'content');
		const other = disks.bind(join(disk, 'folder with spaces'), 'other mount');
		await packInto(disks.path('data.tar'), {
			directory: other,
			backupDirectory: join(disk, 'folder with spaces', 'backups'),
		});
		expect(list(disks.path('data.tar'))).toEqual(['./', 'file']);
		const open = archiveDirectory({
			directory: join(other, 'backups', 'n8n'),
			backupDirectory: join(disk, 'folder with spaces', 'backups'),
		});
		await expect(open(never)).rejects.toThrow('which is left out of every archive');
	});

	it('is archived without its lost+found, which only root can read', async () => {
		const disk = disks.ext4('disk');
		chmodSync(disks.path(), 0o755);
		chmodSync(disk, 0o755);
		writeFileSync(join(disk, 'file'), 'content');
		mkdirSync(join(disk, 'below'));
		expect(statSync(join(disk, 'lost+found')).mode & 0o777).toBe(0o700);
		const archive = disks.path('archive.tar');
		writeFileSync(archive, '', { mode: 0o666 });
		chmodSync(archive, 0o666);
		expect(asUser(1000, disk, archive)).toMatchObject({ census: { entries: 3, skipped: 1 }, warnings: [] });
		expect(list(archive)).toEqual(['./', 'below/', 'file']);

		// Root sees into it: what fsck has saved is data; the directory itself is the disk's.
		writeFileSync(join(disk, 'lost+found', '#12'), 'saved');
		await packInto(disks.path('root.tar'), { directory: disk });
		expect(list(disks.path('root.tar'))).toEqual(['./', 'below/', 'file', 'lost+found/#12']);
		expect(readdirSync(disk)).toContain('lost+found');
	});

	it('is archived with another disk in it, without that one’s lost+found', () => {
		const tree = disks.memory('tree');
		const inner = disks.ext4('tree/inner');
		chmodSync(disks.path(), 0o755);
		for (const path of [tree, inner]) chmodSync(path, 0o755);
		writeFileSync(join(inner, 'file'), 'content');
		expect(asUser(1000, tree, '/dev/null')).toMatchObject({ census: { entries: 3, skipped: 1 } });
	});

	it('with an unreadable lost+found that is an ordinary directory is an error, as with any other', () => {
		const disk = disks.memory('disk');
		chmodSync(disks.path(), 0o755);
		mkdirSync(join(disk, 'below', 'lost+found'), { recursive: true });
		chmodSync(join(disk, 'below', 'lost+found'), 0o700);
		expect(() => asUser(1000, disk, '/dev/null')).toThrow(
			`n8n is not permitted to read ${join(disk, 'below', 'lost+found')}, so the archive would lack it.`,
		);
	});

	it('keeps times that GNU tar compares as the same, and stores the nearest where none would be held', async () => {
		const disk = disks.memory('disk');
		const times = [0, -1, -0.5, 0.999999999, 8589934592, 1099511627776, -62135596801, 9007199254740991];
		for (const time of times) execFileSync('touch', ['-d', `@${time}`, join(disk, `at ${time}`)]);
		execFileSync('touch', ['-d', '@1700000000.999999999', join(disk, 'just before a second')]);
		execFileSync('ln', ['-s', 'nowhere', join(disk, 'link')]);
		execFileSync('touch', ['-h', '-d', '@-0.25', join(disk, 'link')]);
		execFileSync('touch', ['-d', '@-1700000000.5', disk]);
		const { facts } = await packInto(disks.path('times.tar'), { directory: disk });
		expect(compare(disks.path('times.tar'), disk)).toBe('');
		execFileSync('tar', ['cf', disks.path('gnu.tar'), '-C', disk, '.']);
		expect(listInFull(disks.path('times.tar'))).toEqual(listInFull(disks.path('gnu.tar')));
		expect(facts.warnings).toEqual([]);

		mkdirSync(join(disk, 'far directory'));
		for (const name of ['far ahead', 'far directory'])
			execFileSync('touch', ['-d', '@9223372036854775807', join(disk, name)]);
		execFileSync('touch', ['-d', '@-9223372036854775808', join(disk, 'long ago')]);
		execFileSync('touch', ['-d', '@-1700000000.5', disk]);
		const far = await packInto(disks.path('far.tar'), { directory: disk });
		expect(compare(disks.path('far.tar'), disk)).toBe(
			'./far ahead: Mod time differs\n./long ago: Mod time differs\n'.replaceAll('./', ''),
		);
		expect(far.facts.warnings).toEqual([
			'The time of the last change is further away than an archive can hold, so the nearest one was stored: far ahead, far directory/, long ago.',
		]);
	});

	it('is archived with files at paths longer than the system takes', async () => {
		const disk = disks.memory('disk');
		const depth = 40;
		const name = 'd'.repeat(250);
		const program = `const { linkSync, mkdirSync, symlinkSync, writeFileSync } = require('node:fs');
			for (let i = 0; i < ${depth}; i++) {
				mkdirSync('${name}');
				process.chdir('${name}');
				writeFileSync('a file', 'level ' + i);
				linkSync('a file', 'another name');
				symlinkSync('a file', 'symbolic');
			}`;
		execFileSync(process.execPath, ['-e', program], { cwd: disk });
		const { census } = await packInto(disks.path('deep.tar'), { directory: disk });
		expect(census).toMatchObject({ entries: 1 + 4 * depth, vanished: [] });
		const above = (level: number) => `${name}/`.repeat(level);
		const expected = ['./'];
		for (let level = 1; level <= depth; level++) {
			expected.push(
				above(level),
				...['a file', 'another name', 'symbolic'].map((file) => `${above(level)}${file}`),
			);
		}
		expect(list(disks.path('deep.tar')).sort()).toEqual(expected.sort());
		// GNU tar itself cannot make such paths: cut at the front, it extracts the deepest of them.
		mkdirSync(disks.path('out'));
		execFileSync(
			'tar',
			['xf', disks.path('deep.tar'), '-C', disks.path('out'), '--strip-components=30', '--warning=none'],
			{
				stdio: 'pipe',
			},
		);
		expect(readFileSync(disks.path('out', `${name}/`.repeat(10), 'a file'), 'utf8')).toBe(
			`level ${depth - 1}`,
		);
	});

	it('is archived with a file that another process holds a lease on, once that lets go', async () => {
		const disk = disks.memory('disk');
		writeFileSync(join(disk, 'shared'), 'content');
		const holder = spawn('perl', ['-e', holdLease, join(disk, 'shared'), '2']);
		try {
			await once(holder.stdout, 'data');
			expect(() => openSync(join(disk, 'shared'), constants.O_NONBLOCK)).toThrow('EAGAIN');
			await packInto(disks.path('leased.tar'), { directory: disk });
			expect(list(disks.path('leased.tar'))).toEqual(['./', 'shared']);
			expect(compare(disks.path('leased.tar'), disk)).toBe('');
		} finally {
			holder.kill();
		}
	});

	it('with a file mounted by itself that was replaced on the host is an error: only the old one can be read', async () => {
		const disk = disks.memory('disk');
		const host = disks.memory('host');
		for (const path of [join(disk, '.env'), join(host, '.env')]) writeFileSync(path, 'old');
		execFileSync('mount', ['--bind', join(host, '.env'), join(disk, '.env')]);
		try {
			await packInto(disks.path('before.tar'), { directory: disk });
			execFileSync('sed', ['-i', 's/old/new/', join(host, '.env')]);
			expect(readFileSync(join(disk, '.env'), 'utf8')).toBe('old');
			await expect(packInto(disks.path('after.tar'), { directory: disk })).rejects.toThrow(
				`${join(disk, '.env')} was replaced or removed on the host`,
			);
			await expect(copyFile({ path: join(disk, '.env') })(never)).rejects.toThrow(
				`${join(disk, '.env')} was replaced or removed on the host; what is mounted here is the old file, which nobody ` +
					'sees any more. Mount the directory that holds it instead of the file by itself, recreate the container, and use the path in there.',
			);
		} finally {
			execFileSync('umount', [join(disk, '.env')]);
		}
	});
});
