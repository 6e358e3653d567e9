import { execFileSync } from 'node:child_process';
import {
	chmodSync,
	closeSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { restoreArchive, type RestoreArchiveOptions } from '../../../core/volume/restoreArchive';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { describeTree } from './support/describeTree';
import { makeTar } from './support/makeTar';
import { rawHeader } from '../../../lab/rawTar.ts';
import { makeVariedTree } from './support/makeVariedTree';
import { packInto } from './support/pack';

jest.setTimeout(60_000);

const scratch = temporaryDirectory();
const never = new AbortController().signal;

/** Restores `archive` into `out` below the test's directory. */
async function restore(archive: Buffer, more: Partial<RestoreArchiveOptions> = {}) {
	writeFileSync(scratch.path('archive'), archive);
	return await restoreArchive(
		{ artifactPath: scratch.path('archive'), destination: scratch.path('out'), ...more },
		never,
	);
}

test.each([
	['none', (raw: Buffer) => raw],
	['gzip', gzipSync],
	['zstd', zstdCompressSync],
])('what was archived comes back as it was: compression %s', async (_, compress) => {
	makeVariedTree(scratch.path('tree'));
	const { census } = await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	const report = await restore(compress(readFileSync(scratch.path('tree.tar'))), { allowOutsideLinks: true });

	expect(describeTree(scratch.path('out'))).toEqual(describeTree(scratch.path('tree')));
	expect(report).toEqual({ entries: census.entries, bytes: census.bytes, warnings: [] });
});

test('an archive by GNU tar comes back as it was, also one in the pax format', async () => {
	makeVariedTree(scratch.path('tree'));
	for (const format of ['gnu', 'pax']) {
		execFileSync('tar', ['cf', scratch.path('a.tar'), `--format=${format}`, '-C', scratch.path('tree'), '.']);
		const archive = readFileSync(scratch.path('a.tar'));
		await restore(archive, { destination: scratch.path(format), allowOutsideLinks: true });
		expect(describeTree(scratch.path(format))).toEqual(describeTree(scratch.path('tree')));
	}
});

test('a directory that is not empty is left alone unless overwriting is allowed', async () => {
	mkdirSync(scratch.path('out', 'kept'), { recursive: true });
	writeFileSync(scratch.path('out', 'file'), 'old');
	writeFileSync(scratch.path('out', 'kept', 'mine'), 'mine');
	const archive = makeTar(
		{ name: 'file', content: 'new' },
		{ name: 'kept/', type: 'directory' },
		{ name: 'kept/b' },
	);
	const before = describeTree(scratch.path('out'));
	await expect(restore(archive)).rejects.toThrow(
		`${scratch.path('out')} is not empty: it holds file. Choose an empty directory, or allow overwriting; nothing was changed.`,
	);
	expect(describeTree(scratch.path('out'))).toEqual(before);

	await restore(archive, { overwrite: true });
	expect(readFileSync(scratch.path('out', 'file'), 'utf8')).toBe('new');
	expect(readdirSync(scratch.path('out'))).toEqual(['file', 'kept']);
	expect(readdirSync(scratch.path('out', 'kept'))).toEqual(['b', 'mine']);
});

test.each([
	['binaryData', 'storage'],
	['storage', 'binaryData'],
])(
	'an archive with n8n’s %s does not go beside %s, with which n8n 3 would not start',
	async (archived, there) => {
		mkdirSync(scratch.path('out', there), { recursive: true });
		const before = describeTree(scratch.path('out'));
		const archive = makeTar({ name: 'config', content: '{}' }, { name: `${archived}/1`, content: 'new' });
		await expect(restore(archive, { overwrite: true })).rejects.toThrow(
			`${scratch.path('out', there)} is there already, and n8n 3 does not start with binaryData and storage. Move that one away, or restore into an empty directory; nothing was changed.`,
		);
		expect(describeTree(scratch.path('out')).map(withoutTime)).toEqual(before.map(withoutTime));

		renameSync(scratch.path('out', there), scratch.path('away'));
		await restore(archive, { overwrite: true });
		expect(readdirSync(scratch.path('out'))).toEqual([archived, 'config'].sort());
	},
);

test('an archive that has both of n8n’s storages is restored as it was', async () => {
	mkdirSync(scratch.path('out', 'storage'), { recursive: true });
	const archive = makeTar({ name: 'binaryData/1', content: 'a' }, { name: 'storage/2', content: 'b' });
	await restore(archive, { overwrite: true });
	expect(readdirSync(scratch.path('out'))).toEqual(['binaryData', 'storage']);
});

test('overwriting replaces links by what the archive holds and follows none of them', async () => {
	mkdirSync(scratch.path('elsewhere'));
	writeFileSync(scratch.path('elsewhere', 'file'), 'untouched');
	mkdirSync(scratch.path('out'));
	symlinkSync(scratch.path('elsewhere'), scratch.path('out', 'directory'));
	symlinkSync(scratch.path('elsewhere', 'file'), scratch.path('out', 'file'));
	const archive = makeTar(
		{ name: 'directory/', type: 'directory' },
		{ name: 'directory/file', content: 'new' },
		{ name: 'file', content: 'new' },
	);
	await restore(archive, { overwrite: true });
	expect(readFileSync(scratch.path('elsewhere', 'file'), 'utf8')).toBe('untouched');
	expect(readFileSync(scratch.path('out', 'directory', 'file'), 'utf8')).toBe('new');
	expect(readFileSync(scratch.path('out', 'file'), 'utf8')).toBe('new');
});

test('a file does not replace a directory, not even with overwriting, and nothing is changed', async () => {
	mkdirSync(scratch.path('out', 'sub', 'name', 'full'), { recursive: true });
	writeFileSync(scratch.path('out', 'first'), 'old');
	const before = describeTree(scratch.path('out'));
	const archive = makeTar({ name: 'first', content: 'new' }, { name: 'sub/name', content: 'new' });
	await expect(restore(archive, { overwrite: true })).rejects.toThrow(
		`${scratch.path('out', 'sub', 'name')} is a directory, but in the archive it is not.`,
	);
	expect(describeTree(scratch.path('out')).map(withoutTime)).toEqual(before.map(withoutTime));
});

/** Making and removing something in a directory changes its time, and nothing else. */
function withoutTime(line: string): string {
	return line.replace(/ \| \d+$/, '');
}

test('a restored database is not ruined by the write-ahead log of the one that it replaces', async () => {
	mkdirSync(scratch.path('tree'));
	mkdirSync(scratch.path('out'));
	const write = (path: string, value: string) => {
		const database = new DatabaseSync(path);
		database.exec(`PRAGMA journal_mode = wal; CREATE TABLE t (v); INSERT INTO t VALUES ('${value}')`);
		return database;
	};
	write(scratch.path('tree', 'database.sqlite'), 'saved').close();
	await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	// As a process leaves it that has crashed.
	const live = write(scratch.path('unwanted.sqlite'), 'unwanted');
	for (const suffix of ['', '-wal', '-shm']) {
		copyFileSync(
			`${scratch.path('unwanted.sqlite')}${suffix}`,
			scratch.path('out', `database.sqlite${suffix}`),
		);
	}
	live.close();
	expect(existsSync(scratch.path('out', 'database.sqlite-wal'))).toBe(true);
	await restore(readFileSync(scratch.path('tree.tar')), { overwrite: true });
	expect(readdirSync(scratch.path('out'))).toEqual(['database.sqlite']);
	const restored = new DatabaseSync(scratch.path('out', 'database.sqlite'));
	expect(restored.prepare('SELECT v FROM t').all()).toEqual([{ v: 'saved' }]);
	restored.close();
});

test.each([
	['an absolute path', { name: '/tmp/escaped-absolutely' }, 'has the absolute path /tmp/escaped-absolutely'],
	['a path upwards', { name: '../escaped' }, 'a path that leads upwards'],
	[
		'a link outside',
		{ name: 'link', type: 'symlink', linkname: '../escaped' },
		'which is outside of the archive',
	],
	[
		'an absolute link',
		{ name: 'link', type: 'symlink', linkname: '/etc' },
		'which is outside of the archive',
	],
	[
		'a hard link outside',
		{ name: 'link', type: 'link', linkname: '/etc/passwd' },
		'is a hard link to the absolute path',
	],
	['a device', { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }, 'is a character device'],
	['a pipe', { name: 'pipe', type: 'fifo' }, 'is a pipe'],
	[
		'a hard link to nothing',
		{ name: 'link', type: 'link', linkname: 'nothing' },
		'which is no file before it',
	],
] as const)('an archive with %s is refused, and nothing is left of it', async (_, bad, message) => {
	const archive = makeTar({ name: 'good', content: 'x' }, { ...bad }, { name: 'later', content: 'x' });
	await expect(restore(archive)).rejects.toThrow(message);
	expect(readdirSync(scratch.path())).toEqual(['archive']);
	expect(existsSync('/tmp/escaped-absolutely')).toBe(false);
});

test('a file written through a link of the same archive does not get out', async () => {
	mkdirSync(scratch.path('target'));
	const archive = makeTar(
		{ name: 'link', type: 'symlink', linkname: scratch.path('target') },
		{ name: 'link/file', content: 'x' },
	);
	await expect(restore(archive, { allowOutsideLinks: true })).rejects.toThrow(
		'a path through the symbolic link link.',
	);
	expect(readdirSync(scratch.path('target'))).toEqual([]);
	expect(existsSync(scratch.path('out'))).toBe(false);
});

test('the same path twice is refused', async () => {
	const archive = makeTar({ name: 'file', content: 'one' }, { name: './file', content: 'two' });
	await expect(restore(archive)).rejects.toThrow('The archive holds file more than once.');
	expect(readdirSync(scratch.path())).toEqual(['archive']);
});

test('an archive that is cut leaves nothing, and an empty destination stays', async () => {
	mkdirSync(scratch.path('out'));
	const archive = makeTar({ name: 'file', content: Buffer.alloc(100_000, 'x') });
	await expect(restore(archive.subarray(0, 50_000))).rejects.toThrow(
		'The archive is cut off after 50000 bytes, inside file.',
	);
	await expect(restore(gzipSync(archive).subarray(0, 100))).rejects.toThrow(
		'ends before its compressed stream does',
	);
	await expect(restore(zstdCompressSync(archive).subarray(0, 60))).rejects.toThrow(
		'ends before its compressed stream does',
	);
	expect(readdirSync(scratch.path('out'))).toEqual([]);
});

test('an archive that is open already is read by that, wherever its path leads meanwhile', async () => {
	writeFileSync(scratch.path('archive'), gzipSync(makeTar({ name: 'file', content: 'opened' })));
	const descriptor = openSync(scratch.path('archive'), 'r');
	try {
		rmSync(scratch.path('archive'));
		const another = zstdCompressSync(makeTar({ name: 'file', content: 'another' }));
		await restore(another, { descriptor });
		// It is not used up.
		await restore(another, { descriptor, overwrite: true });
	} finally {
		closeSync(descriptor);
	}
	expect(readFileSync(scratch.path('out', 'file'), 'utf8')).toBe('opened');
});

test('an archive that is not what its manifest says is not restored', async () => {
	const archive = makeTar({ name: 'file', content: 'x' });
	const expected = { sha256: '0'.repeat(64) };
	await expect(restore(archive, { expected })).rejects.toThrow(
		'is not what its manifest describes: its SHA-256 differs. Verify it',
	);
	expect(readdirSync(scratch.path())).toEqual(['archive']);
});

test('without owners, set-uid bits are not kept either', async () => {
	const archive = makeTar({ name: 'tool', content: 'x', mode: 0o4755, uid: 12345, gid: 12345 });
	await restore(archive, { keepOwners: false });
	expect(describeTree(scratch.path('out'))[1]).toMatch(
		new RegExp(`^\\./tool \\| file \\| 755 \\| ${process.getuid!()}:${process.getgid!()} \\|`),
	);
});

test('directories without write permission are restored with all that is in them', async () => {
	const archive = makeTar(
		{ name: 'locked/', type: 'directory', mode: 0o555 },
		{ name: 'locked/file', content: 'x', mode: 0o444 },
	);
	await restore(archive);
	expect(describeTree(scratch.path('out')).slice(1)).toEqual([
		expect.stringMatching(/^\.\/locked \| directory \| 555 /),
		expect.stringMatching(/^\.\/locked\/file \| file \| 444 /),
	]);
	chmodSync(scratch.path('out', 'locked'), 0o755);
});

test('cancelling leaves nothing', async () => {
	const gigabyte = 1024 ** 3;
	const archive = scratch.path('archive');
	writeFileSync(archive, rawHeader({ name: 'file', size: `${gigabyte.toString(8).padStart(11, '0')}\0` }));
	truncateSync(archive, 512 + gigabyte + 1024);
	const cancel = new AbortController();
	const restoring = restoreArchive(
		{ artifactPath: archive, compression: 'none', destination: scratch.path('out') },
		cancel.signal,
		() => cancel.abort(),
	);
	await expect(restoring).rejects.toThrow('The run was cancelled before it was finished.');
	expect(readdirSync(scratch.path())).toEqual(['archive']);
});

test('a pipe in the place of an archive is refused, and not waited for', async () => {
	execFileSync('mkfifo', [scratch.path('archive')]);
	const options = { artifactPath: scratch.path('archive'), destination: scratch.path('out') };
	await expect(restoreArchive(options, new AbortController().signal)).rejects.toThrow(
		`${scratch.path('archive')} is not a regular file. Correct the path.`,
	);
	expect(readdirSync(scratch.path())).toEqual(['archive']);
});
