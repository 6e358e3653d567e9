import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { endOfArchive, headerBytes, writeHeader } from '../../../core/tar/encodeHeader';
import { displayPath, noBytes, type TarMember } from '../../../core/tar/member';
import { TarScanner } from '../../../core/tar/tarScanner';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { makeTar } from '../volume/support/makeTar';

const scratch = temporaryDirectory();

const plain: TarMember = {
	type: 'file',
	path: Buffer.from('file'),
	linkPath: noBytes,
	size: 0,
	mode: 0o644,
	uid: 1000,
	gid: 1000,
	mtime: 1_700_000_000,
};

interface Scanned {
	members: TarMember[];
	contents: string[];
}

/** Scans a whole archive, handed over in pieces of `pieceBytes`. */
function scan(archive: Buffer, pieceBytes = archive.length): Scanned {
	const scanner = new TarScanner();
	const scanned: Scanned = { members: [], contents: [] };
	let content = '';
	for (let at = 0; at < archive.length; at += pieceBytes) {
		for (const event of scanner.scan(archive.subarray(at, at + pieceBytes))) {
			if (event.kind === 'member') scanned.members.push(event.member);
			else if (event.kind === 'content') content += event.bytes.toString('latin1');
			else {
				scanned.contents.push(content);
				content = '';
			}
		}
	}
	scanner.end();
	return scanned;
}

function encode(member: TarMember): Buffer {
	const header = Buffer.alloc(headerBytes(member));
	expect(writeHeader(header, 0, member)).toBe(header.length);
	return Buffer.concat([header, endOfArchive(header.length)]);
}

test.each<[string, Partial<TarMember>]>([
	['an ordinary file', {}],
	['an empty directory', { type: 'directory', path: Buffer.from('directory/'), mode: 0o1777 }],
	['a name of 100 bytes', { path: Buffer.from('n'.repeat(100)) }],
	['a name of 5000 bytes', { path: Buffer.from('directory/'.repeat(500)), type: 'directory' }],
	['a name that is no UTF-8', { path: Buffer.from([0xff, 0x2f, 0xe9, 0x0a]) }],
	['a long link target', { type: 'symbolic-link', linkPath: Buffer.from('t/'.repeat(300)) }],
	[
		'a long name and a long target',
		{ type: 'hard-link', path: Buffer.alloc(300, 'p'), linkPath: Buffer.alloc(200, 'l') },
	],
	['an owner beyond octal digits', { uid: 4_294_967_294, gid: 2_097_152 }],
	['a time before 1970', { mtime: -2_000_000_000 }],
	['a time after 2242', { mtime: 9_000_000_000 }],
])('%s comes back as it was written', (_, more) => {
	const member = { ...plain, ...more };
	expect(scan(encode(member)).members).toEqual([member]);
});

test('a size of more than 8 GiB is written and read, by GNU tar, too', () => {
	const member = { ...plain, size: 9_000_000_000_123 };
	const header = Buffer.alloc(512);
	writeHeader(header, 0, member);
	const first = new TarScanner().scan(header).next();
	expect(first.value).toEqual({ kind: 'member', member });
	writeFileSync(scratch.path('head.tar'), header);
	// It then complains that there is no content, which is why its exit code is of no interest.
	const { stdout } = spawnSync('tar', ['tvf', scratch.path('head.tar')], { encoding: 'utf8' });
	expect(stdout).toContain(' 9000000000123 ');
});

test.each(['v7', 'ustar', 'gnu', 'oldgnu', 'pax'])(
	'what GNU tar writes in its format %s is read',
	(format) => {
		mkdirSync(scratch.path('tree', 'directory'), { recursive: true });
		writeFileSync(scratch.path('tree', 'directory', 'n'.repeat(60)), 'content');
		if (format !== 'v7') writeFileSync(scratch.path('tree', 'directory', 'ü'.repeat(30)), 'more content');
		symlinkSync('directory', scratch.path('tree', 'link'));
		utimesSync(scratch.path('tree', 'directory', 'n'.repeat(60)), 1_234_567_890, 1_234_567_890);
		const args = ['cf', '-', `--format=${format}`, '--sort=name', '-C', scratch.path('tree'), '.'];
		const { members, contents } = scan(execFileSync('tar', args));

		const expected = [
			'directory ./',
			'directory ./directory/',
			`file ./directory/${'n'.repeat(60)}`,
			...(format === 'v7' ? [] : [`file ./directory/${'ü'.repeat(30)}`]),
			'symbolic-link ./link',
		];
		expect(members.map(({ type, path }) => `${type} ${displayPath(path)}`)).toEqual(expected);
		expect(members[2]).toMatchObject({ size: 7, mtime: 1_234_567_890 });
		expect(contents).toContain('content');
	},
);

test('pax records of another writer are heeded: paths, sizes, owners and parts of seconds', async () => {
	const pax = { path: 'p'.repeat(200), linkpath: 'l'.repeat(150), uid: '5000000', mtime: '1.5' };
	const archive = makeTar({ name: 'short', type: 'symlink', linkname: 'x', pax });
	expect(scan(archive).members).toEqual([
		expect.objectContaining({
			path: Buffer.from('p'.repeat(200)),
			linkPath: Buffer.from('l'.repeat(150)),
			uid: 5_000_000,
			mtime: 1.5,
		}),
	]);
});

test('it does not matter in what pieces the bytes come', async () => {
	const archive = makeTar(
		{ name: 'a', content: 'first' },
		{ name: 'n'.repeat(150), content: Buffer.alloc(2000, 'x') },
		{ name: 'directory/', type: 'directory' },
		{ name: 'empty', content: '' },
	);
	const whole = scan(archive);
	for (const pieceBytes of [1, 7, 511, 512, 513, 1000]) expect(scan(archive, pieceBytes)).toEqual(whole);
});

test('a cut at any point is found', async () => {
	const archive = makeTar({ name: 'file', content: Buffer.alloc(1000, 'x') });
	// Header, content, padding and the two blocks that end it; what tar pads a record with comes after.
	const wholeBytes = 512 + 1024 + 1024;
	for (let length = 0; length < wholeBytes; length++) {
		expect(() => scan(archive.subarray(0, length), 512)).toThrow(/^The archive is cut off after \d+ bytes/);
	}
	expect(scan(archive.subarray(0, wholeBytes)).members).toHaveLength(1);
	expect(() => scan(archive.subarray(0, 900))).toThrow(
		'The archive is cut off after 900 bytes, inside file.',
	);
});

test('a flipped bit anywhere in what a header says is found', async () => {
	const archive = makeTar({ name: 'file', content: 'x' });
	for (let bit = 0; bit < 512 * 8; bit++) {
		// The checksum's own digits and spaces can be written in more than one way.
		if (bit >> 3 >= 148 && bit >> 3 < 156) continue;
		const damaged = Buffer.from(archive);
		damaged[bit >> 3]! ^= 1 << (bit & 7);
		expect(() => scan(damaged)).toThrow('The archive is damaged: the header at byte 0 is none, ');
	}
});

test('anything behind the end is found', async () => {
	const archive = makeTar({ name: 'file', content: 'x' });
	expect(() => scan(Buffer.concat([archive, Buffer.alloc(512, 1)]))).toThrow(
		`The archive is damaged: the header at byte ${archive.length} is none, it comes after the blocks of zeros`,
	);
	expect(() => scan(Buffer.concat([archive, archive]))).toThrow('it comes after the blocks of zeros');
	expect(() => scan(Buffer.concat([archive, Buffer.from('tail')]))).toThrow('The archive is cut off');
});

test('what is no tar at all is damaged, and nothing is incomplete', () => {
	expect(() => scan(Buffer.alloc(1024, 'PK'))).toThrow(
		'The archive is damaged: the header at byte 0 is none',
	);
	expect(() => scan(Buffer.alloc(0))).toThrow('The archive is cut off after 0 bytes.');
});

test('sparse files are refused rather than restored as something else', () => {
	mkdirSync(scratch.path('tree'));
	writeFileSync(scratch.path('tree', 'sparse'), '');
	execFileSync('truncate', ['-s', '1M', scratch.path('tree', 'sparse')]);
	for (const format of ['gnu', 'pax']) {
		const args = ['cSf', '-', `--format=${format}`, '-C', scratch.path('tree'), 'sparse'];
		expect(() => scan(execFileSync('tar', args))).toThrow(
			/is a sparse file\. Extract this archive with GNU tar\.$/,
		);
	}
});
