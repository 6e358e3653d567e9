import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type NewFile, packFiles, packLink } from '../../../core/docker/containerFiles';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const owner = { uid: 1234, gid: 2345, mode: 0o640 };

const file = (name: string, content: string, size = content.length): NewFile => ({
	name,
	owner,
	size,
	open: () => Readable.from([Buffer.from(content)]),
});

async function list(tar: Readable): Promise<string[]> {
	await writeFile(scratch.path('files.tar'), tar);
	const args = ['tvf', scratch.path('files.tar'), '--numeric-owner', '--quoting-style=literal'];
	return execFileSync('tar', args, { encoding: 'utf8' }).trim().split('\n');
}

test('GNU tar finds the files with owner, permissions and content, also under a long name', async () => {
	const long = `${'n'.repeat(200)}.rdb`;
	const listed = await list(
		packFiles([file('one', 'first'), file(long, 'x'.repeat(1500)), file('none', '')]),
	);
	expect(listed.map((line) => line.replace(/ +/g, ' ').split(' '))).toEqual([
		['-rw-r-----', '1234/2345', '5', expect.any(String), expect.any(String), 'one'],
		['-rw-r-----', '1234/2345', '1500', expect.any(String), expect.any(String), long],
		['-rw-r-----', '1234/2345', '0', expect.any(String), expect.any(String), 'none'],
	]);
	execFileSync('tar', ['xf', scratch.path('files.tar'), '-C', scratch.path()]);
	expect(readFileSync(scratch.path('one'), 'utf8')).toBe('first');
	expect(readFileSync(scratch.path(long), 'utf8')).toBe('x'.repeat(1500));
	expect(readdirSync(scratch.path()).sort()).toEqual(['files.tar', long, 'none', 'one']);
	expect(statSync(scratch.path('one')).mode & 0o777).toBe(0o640);
});

test('GNU tar reads the size of a file beyond 8 GB, which has no room in an octal field', async () => {
	const size = 9 * 2 ** 30 + 7;
	const [header] = await firstPieces(packFiles([{ ...file('large', ''), size }]), 1);
	const tar = Buffer.concat([header!, Buffer.alloc(1024)]);
	await writeFile(scratch.path('large.tar'), tar);
	const listed = execFileSync('sh', [
		'-c',
		`tar tvf "$1" 2>/dev/null || true`,
		'sh',
		scratch.path('large.tar'),
	]);
	expect(listed.toString()).toContain(String(size));
});

async function firstPieces(stream: Readable, count: number): Promise<Buffer[]> {
	const pieces: Buffer[] = [];
	await expect(
		(async () => {
			for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
		})(),
	).rejects.toThrow();
	expect(pieces.length).toBeGreaterThanOrEqual(count);
	return [Buffer.concat(pieces)];
}

test('a link is a name more for a file that is there', async () => {
	expect(await list(packLink({ name: 'dump.rdb', target: '.dump.rdb.restoring', owner }))).toEqual([
		expect.stringMatching(/^hrw-r-----.* dump\.rdb link to \.dump\.rdb\.restoring$/),
	]);
});

test.each([
	['fewer', 6],
	['more', 4],
])('a file with %s bytes than was said of it is an error, not a wrong file', async (_, size) => {
	await expect(buffer(packFiles([file('dump.rdb', 'bytes', size)]))).rejects.toThrow(
		`dump.rdb does not have the ${size} bytes that it had a moment ago. See that nothing writes to the backup meanwhile, then run it again.`,
	);
});

test('each file is opened when the one before it is through, and no faster than it is read', async () => {
	const opened: string[] = [];
	let taken = 0;
	const size = 64 * 1024 * 1024;
	const large = function* () {
		for (; taken < size; taken += 65_536) yield Buffer.alloc(65_536);
	};
	const openLarge = () => {
		opened.push('large');
		return Readable.from(large(), { objectMode: false });
	};
	const openNext = () => {
		opened.push('next');
		return Readable.from([]);
	};
	const tar = packFiles([
		{ name: 'large', owner, size, open: openLarge },
		{ name: 'next', owner, size: 0, open: openNext },
	]);
	let read = 0;
	const hash = createHash('sha256');
	for await (const piece of tar as AsyncIterable<Buffer>) {
		read += piece.length;
		hash.update(piece);
		expect(taken - read).toBeLessThan(1024 * 1024);
		if (read < size) expect(opened).toEqual(['large']);
	}
	expect(opened).toEqual(['large', 'next']);
});
