import { spawnSync } from 'node:child_process';
import { TarScanner } from '../../../core/tar/tarScanner';
import { base256, padded, paxRecord, rawHeader, type RawFields, special } from '../../../lab/rawTar.ts';

jest.setTimeout(120_000);

/** One member as both readers tell of it. */
type Listed = string;

const end = Buffer.alloc(1024);
const after = rawHeader({ name: 'after', size: '00000000003\0' });
const content = padded(Buffer.from('abc'));

/** What lies behind the members that a case is about, so that a wrong size is seen by what is read next. */
function archive(...pieces: Buffer[]): Buffer {
	return Buffer.concat([...pieces, after, content, end]);
}

function byUs(bytes: Buffer): Listed[] {
	const scanner = new TarScanner();
	const members: Listed[] = [];
	for (const event of scanner.scan(bytes)) {
		if (event.kind !== 'member') continue;
		const { type, path, linkPath, mode, uid, gid, size, mtime } = event.member;
		const letter = { 'hard-link': 'h', 'symbolic-link': 'l', directory: 'd' }[type as string] ?? '-';
		const link = { h: ' link to ', l: ' -> ' }[letter];
		const name = `${path.toString('latin1')}${link ? link + linkPath.toString('latin1') : ''}`;
		members.push([letter + permissions(mode), `${uid}/${gid}`, size, timeOf(mtime), name].join(' '));
	}
	scanner.end();
	return members;
}

/** Undefined when it refuses. */
function byGnuTar(bytes: Buffer): Listed[] | undefined {
	const args = ['--numeric-owner', '--full-time', '--quoting-style=literal', '-tvf', '-'];
	const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
	const { status, stdout } = spawnSync('tar', args, { input: bytes, encoding: 'latin1', env });
	if (status !== 0) return undefined;
	return stdout
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => line.replace(/ +/g, ' ').replace(farAway, '$1 far away ').replace(partOfSecond, '$1'));
}

function permissions(mode: number): string {
	const letters = [...'rwxrwxrwx'].map((letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-'));
	const special = [
		[0o4000, 2, 's'],
		[0o2000, 5, 's'],
		[0o1000, 8, 't'],
	] as const;
	for (const [bit, at, letter] of special) {
		if (mode & bit) letters[at] = letters[at] === '-' ? letter.toUpperCase() : letter;
	}
	return letters.join('');
}

/** GNU tar writes years as it pleases that have more or fewer digits than four. */
const farAway = /^(\S+ \S+ \d+) (?!\d{4}-)-?\d+(?:-\d\d-\d\d [\d:.]+)? /;
const partOfSecond = /^(\S+ \S+ \d+ \S+ \d\d:\d\d:\d\d)\.\d+/;

function timeOf(seconds: number): string {
	if (seconds < Date.UTC(1000, 0) / 1000 || seconds >= Date.UTC(10_000, 0) / 1000) return 'far away';
	return new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Never may we take what GNU tar refuses, or take it for something else. */
function expectNoMoreThanGnuTar(bytes: Buffer): { isTaken: boolean } {
	let ours: Listed[];
	try {
		ours = byUs(bytes);
	} catch (error) {
		expect(error).toMatchObject({ name: 'BackupError' });
		return { isTaken: false };
	}
	expect(ours).toEqual(byGnuTar(bytes));
	return { isTaken: true };
}

const numbers = (length: number): Array<[string, string | Buffer]> => [
	['nothing but zero bytes', Buffer.alloc(length)],
	['nothing but spaces', ' '.repeat(length)],
	['a space and a zero byte', ' \0'],
	['one digit', '3\0'],
	['spaces in front', '   7\0'],
	['a tab in front', '\t7\0'],
	['a zero byte in front', `\0${'7'.padStart(length - 2, '0')}\0`],
	['two zero bytes in front', '\0\x007\0'],
	['a space behind', '7 \0'],
	['letters behind', '7x\0'],
	['digits to the last byte', '1'.repeat(length)],
	['sevens to the last byte', '7'.repeat(length)],
	['a digit that is not octal', '8\0'],
	['a decimal point', '1.5\0'],
	['minus one', '-1\0'],
	['a plus sign', '+1\0'],
	['base 64 of old', '+AAAB'],
	['hexadecimal', '0x10\0'],
	['NaN', 'NaN\0'],
	['Infinity', 'Infinity'],
	['base 256: zero', base256(0n, length)],
	['base 256: five', base256(5n, length)],
	['base 256: minus one', base256(-1n, length)],
	['base 256: minus 512', base256(-512n, length)],
	['base 256: 2^31', base256(1n << 31n, length)],
	['base 256: 2^32', base256(1n << 32n, length)],
	['base 256: 2^53', base256(1n << 53n, length)],
	['base 256: far below zero', base256(-(1n << 40n), length)],
	['base 256: the most that fits', Buffer.concat([Buffer.from([0x80]), Buffer.alloc(length - 1, 0xff)])],
	['base 256: the least that fits', Buffer.concat([Buffer.from([0xff]), Buffer.alloc(length - 1)])],
	['a first byte of 0x81', Buffer.concat([Buffer.from([0x81]), Buffer.alloc(length - 1)])],
	['a first byte of 0xc0', Buffer.concat([Buffer.from([0xc0]), Buffer.alloc(length - 1)])],
	['a first byte of 0xfe', Buffer.concat([Buffer.from([0xfe]), Buffer.alloc(length - 1, 0xff)])],
];

const field = { mode: 8, uid: 8, gid: 8, size: 12, mtime: 12 } as const;
const inField = Object.entries(field).flatMap(([name, length]) =>
	numbers(length).map(([what, value]) => [name as keyof RawFields, what, value] as const),
);

test.each(inField)('%s is %s: never more than GNU tar takes, and never another', (name, _what, value) => {
	for (const type of ['0', '5', '2', '1']) {
		const link = type === '2' || type === '1' ? { linkName: 'target' } : {};
		expectNoMoreThanGnuTar(archive(rawHeader({ [name]: value, type, ...link })));
	}
	expectNoMoreThanGnuTar(archive(rawHeader({ size: '00000000003\0', [name]: value }), content));
});

test.each(['L', 'K', 'x', 'X', 'g'])(
	'a header of type %s with any size: never more than GNU tar takes',
	(type) => {
		for (const [, value] of numbers(12)) {
			const before = special(type, 'a name', value);
			expectNoMoreThanGnuTar(archive(before, rawHeader({ type: '2', linkName: 'target' })));
		}
	},
);

test.each<[string, Buffer]>(
	['L', 'K', 'x', 'g'].flatMap((type): Array<[string, Buffer]> => [
		[`type ${type} and minus one`, special(type, 'a name', base256(-1n, 12))],
		[`type ${type} and minus 512`, special(type, 'a name', base256(-512n, 12))],
		[`type ${type} and the least there is`, special(type, 'a name', base256(-(1n << 63n), 12))],
	]),
)('a header of %s as its size is refused, as GNU tar does', (_, header) => {
	const bytes = archive(header, rawHeader({ type: '2', linkName: 'target' }));
	expect(() => byUs(bytes)).toThrow(
		'The archive is damaged: the header at byte 0 is none, its size makes no sense. Use another backup',
	);
	expect(byGnuTar(bytes)).toBeUndefined();
});

test.each(['L', 'K', 'x', 'g'])('a header of type %s that is longer than 1 MB is refused', (type) => {
	const most = 1024 * 1024;
	expect(() => byUs(archive(special(type, Buffer.alloc(most + 1, 'n'))))).toThrow('absurdly long');
});

test('a symbolic link to a path that no system takes is refused', () => {
	const link = rawHeader({ type: '2' });
	expect(byUs(archive(special('K', 'n'.repeat(4096)), link))).toHaveLength(2);
	expect(() => byUs(archive(special('K', 'n'.repeat(4097)), link))).toThrow(
		'its link leads to a longer path than any system takes',
	);
});

// Without -1.5, which GNU tar 1.34 reads as -0.5.
const values = ['', '0', '3', '7', ' 7', '7 ', '+7', '-7', '-0', '1.5', '1.', '.5', '0x10', '1e3', 'NaN'];
const large = [
	'Infinity',
	'4294967295',
	'4294967296',
	'9007199254740993',
	'99999999999999999999',
	'7\0',
	'abc',
];

test.each(['size', 'uid', 'gid', 'mtime'])('a pax record of %s: never more than GNU tar takes', (keyword) => {
	const taken: string[] = [];
	for (const value of [...values, ...large]) {
		for (const type of ['x', 'g']) {
			const records = special(type, paxRecord(keyword, value));
			const { isTaken } = expectNoMoreThanGnuTar(
				archive(records, rawHeader({}), ...(keyword === 'size' && value === '3' ? [content] : [])),
			);
			if (isTaken) taken.push(value);
		}
	}
	// And the ordinary ones are taken.
	expect(taken).toEqual(expect.arrayContaining(keyword === 'size' ? ['0', '3'] : ['0', '3', '7']));
});

test.each<[string, string]>([
	['a length that is none', 'abc path=x\n'],
	['a length of zero', '0 path=x\n'],
	['a negative length', '-9 path=x\n'],
	['a length in hexadecimal', '0xb path=x\n'],
	['a length that is too short', '5 path=x\n'],
	['a length that is too long', '99 path=x\n'],
	['no keyword', '6 abc\n'],
	['no line end', '10 path=xy'],
	['two records', paxRecord('path', 'first') + paxRecord('path', 'second')],
	['an empty path', paxRecord('path', '')],
	['many keywords of others', Array.from({ length: 1000 }, (_, i) => paxRecord(`key${i}`, 'x')).join('')],
])('pax records with %s: never more than GNU tar takes', (_, records) => {
	expectNoMoreThanGnuTar(archive(special('x', records), rawHeader({})));
});

test.each<[string, Buffer[]]>([
	['pax behind a long name', [special('L', 'long'), special('x', paxRecord('path', 'pax'))]],
	['pax before a long name', [special('x', paxRecord('path', 'pax')), special('L', 'long')]],
	['a long name behind one for all', [special('g', paxRecord('path', 'all')), special('L', 'long')]],
	['two long names', [special('L', 'first'), special('L', 'second')]],
	['two pax headers', [special('x', paxRecord('path', 'first')), special('x', paxRecord('uid', '7'))]],
	['a name with a zero byte in it', [special('L', 'visible\0hidden')]],
	['two for all', [special('g', paxRecord('path', 'all')), special('g', paxRecord('uid', '7'))]],
])('%s: never another name than GNU tar reads', (_, before) => {
	expectNoMoreThanGnuTar(archive(...before, rawHeader({ name: 'own' })));
});
