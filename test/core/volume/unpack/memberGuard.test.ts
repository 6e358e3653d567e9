import { type MemberType, noBytes, type TarMember } from '../../../../core/tar/member';
import { MemberGuard } from '../../../../core/volume/unpack/memberGuard';

function member(type: MemberType, path: string, linkPath = ''): TarMember {
	const link = linkPath === '' ? noBytes : Buffer.from(linkPath);
	return { type, path: Buffer.from(path), linkPath: link, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0 };
}

const link = (path: string, target: string) => member('symbolic-link', path, target);

/** Sends members through a guard, to the end. */
function guard(members: TarMember[], allowOutsideLinks = false): string[] {
	const memberGuard = new MemberGuard({ allowOutsideLinks });
	const paths = members.map((one) => memberGuard.check(one).path);
	memberGuard.finish();
	return paths;
}

test.each<[string, TarMember]>([
	['has the absolute path /etc/passwd', member('file', '/etc/passwd')],
	['has a path that leads upwards: “../up”', member('file', '../up')],
	['has a path that leads upwards: “a/../../up”', member('directory', 'a/../../up')],
	['has a path that leads upwards: “a/..”', member('directory', 'a/..')],
	['has a path with a zero byte in it', member('file', 'a\0b')],
	['is a hard link to the absolute path /etc/passwd', member('hard-link', 'a', '/etc/passwd')],
	['is a hard link to a path that leads upwards: “../b”', member('hard-link', 'a', '../b')],
	['is a character device', member('character-device', 'null')],
	['is a block device', member('block-device', 'sda')],
	['is a pipe', member('pipe', 'pipe')],
	['has no name of its own', member('file', './')],
])('what %s is refused', (what, one) => {
	expect(() => guard([one], true)).toThrow(`${what}. Nothing was restored;`);
});

test('a path through a symbolic link of the archive is refused, even one that stays inside', () => {
	expect(() => guard([link('a', 'b'), member('file', 'a/file')], true)).toThrow(
		'The archive’s member a/file has a path through the symbolic link a.',
	);
	expect(() => guard([link('a', '.'), member('hard-link', 'c', 'a/b')], true)).toThrow(
		'through the symbolic link a.',
	);
});

test.each([
	[[link('a', '/etc/passwd')]],
	[[link('a', '..')]],
	[[link('d/a', '../../x')]],
	[[link('a', 'b/../../x')]],
	// Each looks harmless alone: d/up is the top, and d/up/../x what lies beside it.
	[[link('d/up', '..'), link('a', 'd/up/../x')]],
	[[link('a', 'b/x'), link('b', '/tmp')]],
	[[link('one', 'two/..'), link('two', 'three/..'), link('three', '.')]],
])('links that point outside are refused: %#', (links) => {
	expect(() => guard(links)).toThrow(
		/^The archive’s member .* is a link to .*, which is outside of the archive\./,
	);
	expect(guard(links, true)).toHaveLength(links.length);
});

test.each([
	[[link('a', 'b')]],
	[[link('d/a', '../b')]],
	[[link('d/e/a', '../../b/./c//d')]],
	[[link('nodes/node_modules/.bin/tool', '../tool/bin/tool.js')]],
	[[link('d/up', '..'), link('a', 'd/up/b')]],
	[[link('loop', 'loop')]],
	[[link('one', 'two'), link('two', 'one/..')]],
])('links that stay inside pass: %#', (links) => {
	expect(guard(links)).toHaveLength(links.length);
});

test('paths come out without what means nothing', () => {
	const paths = guard([
		member('directory', './'),
		member('directory', './a//b/'),
		member('file', '..data/...'),
	]);
	expect(paths).toEqual(['', 'a/b', '..data/...']);
});
