import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
	appendFileSync,
	createReadStream,
	createWriteStream,
	chmodSync,
	linkSync,
	mkdirSync,
	readFileSync,
	readdirSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { list } from 'tar';
import type { TarCensus } from '../../../core/artifact/manifest';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { describeTree } from './support/describeTree';
import { makeVariedTree } from './support/makeVariedTree';
import { packInto } from './support/pack';
import { archiveReadBack, assertReadBack } from '../../../core/volume/readBackArchive';
import { temporaryDirectory } from '../../support/temporaryDirectory';

jest.setTimeout(60_000);

const scratch = temporaryDirectory();
afterEach(() => jest.restoreAllMocks());
const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

function tar(...args: string[]): string {
	return execFileSync('tar', args, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
}

test('GNU tar extracts the same tree: names, contents, links, permissions, owners and times', async () => {
	makeVariedTree(scratch.path('tree'));
	const { census } = await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	mkdirSync(scratch.path('out'));
	tar('xpf', scratch.path('tree.tar'), '-C', scratch.path('out'));

	const expected = describeTree(scratch.path('tree'));
	expect(describeTree(scratch.path('out'))).toEqual(expected);
	expect(census).toMatchObject({
		entries: expected.length,
		skipped: 0,
		changed: [],
		vanished: [],
		sqlite: [],
	});
});

test('node-tar lists the same members, so that readers without GNU tar can use the archive, too', async () => {
	makeVariedTree(scratch.path('tree'));
	const { census } = await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	const paths: string[] = [];
	let bytes = 0;
	await list({
		file: scratch.path('tree.tar'),
		strict: true,
		onReadEntry: (entry) => {
			paths.push(entry.path);
			bytes += entry.size;
		},
	});
	expect(paths).toHaveLength(census.entries);
	expect(paths).toContain('naïve — 日本語 🎉.txt');
	expect(paths.some((path) => path.endsWith(`/${'l'.repeat(255)}`))).toBe(true);
	expect(bytes).toBe(census.bytes);
});

test('the same tree is the same archive, byte for byte', async () => {
	makeVariedTree(scratch.path('tree'));
	await packInto(scratch.path('one.tar'), { directory: scratch.path('tree') });
	await packInto(scratch.path('two.tar'), { directory: scratch.path('tree') });
	expect(readFileSync(scratch.path('one.tar')).equals(readFileSync(scratch.path('two.tar')))).toBe(true);
});

test('10,045 entries with a hard-linked pair, a socket and a pipe end, and each is accounted for', async () => {
	const root = scratch.path('tree');
	for (let directory = 0; directory < 10; directory++) {
		mkdirSync(join(root, `${directory}`), { recursive: true });
		for (let i = 0; i < 1003; i++) writeFileSync(join(root, `${directory}`, `file-${i}`), `content of ${i}`);
	}
	for (let i = 0; i < 3; i++) writeFileSync(join(root, `big-${i}`), Buffer.alloc(2_000_000, i));
	linkSync(join(root, 'big-0'), join(root, '9', 'big again'));
	execFileSync('mkfifo', [join(root, 'pipe')]);
	const server = createServer().listen(join(root, 'socket'));
	await once(server, 'listening');
	try {
		const { census } = await packInto(scratch.path('tree.tar'), { directory: root });
		expect(census).toMatchObject({
			entries: 10_045,
			bytes: 10 * 13_935 + 3 * 2_000_000,
			skipped: 2,
		});
	} finally {
		server.close();
	}
	expect(tar('tf', scratch.path('tree.tar')).trim().split('\n')).toHaveLength(10_045);
});

test('files that shrink, grow or vanish while they are read are named and do not corrupt the archive', async () => {
	const root = scratch.path('tree');
	const size = 32 * 1024 * 1024;
	mkdirSync(join(root, 'z-directory'), { recursive: true });
	writeFileSync(join(root, 'a-shrinks'), Buffer.alloc(size, 'a'));
	writeFileSync(join(root, 'b-grows'), Buffer.alloc(size, 'b'));
	writeFileSync(join(root, 'c-stays'), 'untouched');
	writeFileSync(join(root, 'd-vanishes'), 'gone soon');
	writeFileSync(join(root, 'e-becomes-a-pipe'), 'other soon');

	const source = await archiveDirectory({ directory: root, readBack: true })(never);
	const file = createWriteStream(scratch.path('tree.tar'));
	// The reader holds back after the first bytes: the walk waits within its few blocks of the file it is at.
	await once(source.stream, 'readable');
	truncateSync(join(root, 'a-shrinks'), size / 2);
	rmSync(join(root, 'd-vanishes'));
	rmSync(join(root, 'e-becomes-a-pipe'));
	execFileSync('mkfifo', [join(root, 'e-becomes-a-pipe')]);
	rmSync(join(root, 'z-directory'), { recursive: true });
	let seen = 0;
	for await (const chunk of source.stream) {
		file.write(chunk);
		seen += (chunk as Buffer).length;
		if (seen > size + 1024 * 1024) appendFileSync(join(root, 'b-grows'), 'more');
	}
	file.end();
	await once(file, 'close');

	const facts = await source.finished;
	const census = facts.census as TarCensus;
	expect(source.readBack).toBe(archiveReadBack);
	await assertReadBack(createReadStream(scratch.path('tree.tar')), source.finished);
	expect(census.changed).toEqual(['a-shrinks', 'b-grows']);
	expect(census.vanished).toEqual(['d-vanishes', 'e-becomes-a-pipe', 'z-directory']);
	mkdirSync(scratch.path('out'));
	tar('xf', scratch.path('tree.tar'), '-C', scratch.path('out'));
	expect(readdirSync(scratch.path('out'))).toEqual(['a-shrinks', 'b-grows', 'c-stays']);
	const shrunk = readFileSync(scratch.path('out', 'a-shrinks'));
	expect(shrunk).toHaveLength(size);
	expect(shrunk.subarray(size / 2).every((byte) => byte === 0)).toBe(true);
	expect(readFileSync(scratch.path('out', 'b-grows')).equals(Buffer.alloc(size, 'b'))).toBe(true);
	expect(readFileSync(scratch.path('out', 'c-stays'), 'utf8')).toBe('untouched');
});

test('patterns exclude as in .gitignore', async () => {
	const root = scratch.path('tree');
	for (const directory of [
		'cache/deep',
		'nodes/node_modules/a',
		'sub/cache',
		'binaryData',
		'sub/binaryData',
	]) {
		mkdirSync(join(root, directory), { recursive: true });
		writeFileSync(join(root, directory, 'file'), '');
	}
	for (const name of ['n8n.log', 'sub/other.log', 'keep.log', 'N8N.LOG', 'cachet']) {
		writeFileSync(join(root, name), '');
	}
	const exclude = ['*.log', '!keep.log', 'cache/', '/binaryData', 'nodes/node_modules/**', ''];
	await packInto(scratch.path('tree.tar'), { directory: root, exclude });
	expect(tar('tf', scratch.path('tree.tar')).trim().split('\n')).toEqual([
		'./',
		'N8N.LOG',
		'cachet',
		'keep.log',
		'nodes/',
		'nodes/node_modules/',
		'sub/',
		'sub/binaryData/',
		'sub/binaryData/file',
	]);
});

test('the backup directory is left out when it lies in the tree, also when it is given by another path', async () => {
	mkdirSync(scratch.path('tree', 'files', 'backups', 'n8n'), { recursive: true });
	writeFileSync(scratch.path('tree', 'files', 'backups', 'n8n', 'yesterday.tar.gz'), 'large');
	symlinkSync(scratch.path('tree', 'files'), scratch.path('elsewhere'));
	await packInto(scratch.path('tree.tar'), {
		directory: scratch.path('tree'),
		backupDirectory: scratch.path('elsewhere', 'backups'),
	});
	expect(tar('tf', scratch.path('tree.tar')).trim().split('\n')).toEqual(['./', 'files/']);
});

test.each<[string, { exclude: string[]; isBesideBackups?: boolean }]>([
	['a pattern takes all of it', { exclude: ['*'] }],
	['all but the backup directory is excluded', { exclude: ['precious'], isBesideBackups: true }],
])('an archive without anything in it is an error when %s', async (_, { exclude, isBesideBackups }) => {
	const directory = scratch.path('tree');
	mkdirSync(join(directory, 'backups'), { recursive: true });
	writeFileSync(join(directory, 'precious'), '');
	const backupDirectory = isBesideBackups ? join(directory, 'backups') : undefined;
	const packing = packInto(scratch.path('tree.tar'), { directory, exclude, backupDirectory });
	await expect(packing).rejects.toThrow(
		`Nothing of ${directory} would be in the archive: all that it holds is excluded by a pattern or is the backup ` +
			'directory. Correct the patterns, or choose the directory that holds the data.',
	);
});

test('an empty directory is an archive of itself', async () => {
	mkdirSync(scratch.path('tree'));
	const { census } = await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	expect(census).toMatchObject({ entries: 1, skipped: 0 });
});

test('a directory in the backup directory is refused rather than archived empty', async () => {
	mkdirSync(scratch.path('backups', 'n8n'), { recursive: true });
	const open = archiveDirectory({
		directory: scratch.path('backups', 'n8n'),
		backupDirectory: scratch.path('backups'),
	});
	await expect(open(never)).rejects.toThrow(
		`${scratch.path('backups', 'n8n')} lies in the backup directory ${scratch.path('backups')}, which is left out`,
	);
});

test('the facts say whether n8n’s encryption key is in the archive, and never what it is', async () => {
	mkdirSync(scratch.path('tree'));
	const directory = scratch.path('tree');
	writeFileSync(join(directory, 'other'), '');
	const without = await packInto(scratch.path('one.tar'), { directory });
	writeFileSync(join(directory, 'config'), '{\n\t"encryptionKey": "s3cretKey"\n}');
	const withKey = await packInto(scratch.path('two.tar'), { directory });
	const excluded = await packInto(scratch.path('three.tar'), { directory, exclude: ['/config'] });
	expect(without.facts.encryptionKey).toBe('missing');
	expect(withKey.facts.encryptionKey).toBe('found');
	expect(excluded.facts.encryptionKey).toBe('missing');
	expect(JSON.stringify(withKey.facts)).not.toContain('s3cretKey');
});

test('what is not there or no directory is refused with advice', async () => {
	writeFileSync(scratch.path('file'), '');
	await expect(archiveDirectory({ directory: scratch.path('nothing') })(never)).rejects.toThrow(
		`${scratch.path('nothing')} does not exist. Create it, or correct the path`,
	);
	await expect(archiveDirectory({ directory: scratch.path('file') })(never)).rejects.toThrow(
		`${scratch.path('file')} is not a directory. Choose a directory to archive; for a single file there is Copy File.`,
	);
});

test('cancelling ends the stream, the thread and the scratch directory', async () => {
	mkdirSync(scratch.path('tree'));
	mkdirSync(scratch.path('scratch'));
	writeFileSync(scratch.path('tree', 'large'), Buffer.alloc(32 * 1024 * 1024));
	const cancel = new AbortController();
	jest.spyOn(os, 'tmpdir').mockReturnValue(scratch.path('scratch'));
	const open = archiveDirectory({ directory: scratch.path('tree') });
	const source = await open(cancel.signal);
	await once(source.stream, 'readable');
	const closed = new Promise((resolve) => source.stream.on('error', () => {}).on('close', resolve));
	cancel.abort();
	await expect(source.finished).rejects.toThrow('The run was cancelled before it was finished.');
	await closed;
	expect(readdirSync(scratch.path('scratch'))).toEqual([]);
});

test('a file that may not be read fails the backup by name instead of being missed', async () => {
	mkdirSync(scratch.path('tree'));
	writeFileSync(scratch.path('tree', 'secret'), 'x', { mode: 0o000 });
	const program = `
		const { archiveDirectory } = require(${JSON.stringify(join(process.cwd(), 'dist/core/volume/archiveDirectory.js'))});
		archiveDirectory({ directory: process.argv[1] })(new AbortController().signal).then((source) => {
			source.stream.on('error', () => {}).resume();
			return source.finished;
		}).then(() => console.log('no error'), (error) => console.log(error.message));`;
	// Root may read everything, so somebody else has to try.
	chmodSync(scratch.path(), 0o755);
	const user = isRoot ? { uid: 65534, gid: 65534 } : {};
	const said = execFileSync(process.execPath, ['-e', program, scratch.path('tree')], {
		encoding: 'utf8',
		...user,
	});
	expect(said).toContain(
		`n8n is not permitted to read ${scratch.path('tree', 'secret')}, so the archive would lack it.`,
	);
	expect(said).toContain('or exclude it by a pattern');
});
