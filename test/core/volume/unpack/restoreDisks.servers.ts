import {
	existsSync,
	linkSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { restoreArchive } from '../../../../core/volume/restoreArchive';
import { mountExfat } from '../../../../lab/mounts';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { makeTar } from '../support/makeTar';
import { packInto } from '../support/pack';
import { bindMount, mountTmpfs, unmountAfterEach } from './support/disks';

jest.setTimeout(60_000);

unmountAfterEach();
const scratch = temporaryDirectory();
const never = new AbortController().signal;

async function restore(archive: Buffer, destination: string) {
	writeFileSync(scratch.path('archive'), archive);
	const options = { artifactPath: scratch.path('archive'), destination, overwrite: true };
	return await restoreArchive(options, never);
}

describe('restoring as root into a directory', () => {
	const archive = async () =>
		makeTar(
			{ name: 'a', content: 'new' },
			{ name: 'sub/', type: 'directory' },
			{ name: 'sub/b', content: 'new' },
			{ name: 'z', content: 'new' },
		);

	beforeEach(() => {
		mkdirSync(scratch.path('out', 'sub'), { recursive: true });
		mkdirSync(scratch.path('elsewhere'));
		for (const name of ['a', 'z']) writeFileSync(scratch.path('out', name), 'old');
	});

	async function expectRefused(mount: string): Promise<void> {
		await expect(restore(await archive(), scratch.path('out'))).rejects.toMatchObject({
			code: 'unsupported',
			message:
				`${mount} is a mount of its own, which nothing can be moved into as a whole. ` +
				'Unmount it, or restore into another directory and copy from there; nothing was changed.',
		});
		for (const name of ['a', 'z']) expect(readFileSync(scratch.path('out', name), 'utf8')).toBe('old');
		expect(readdirSync(scratch.path('out'))).toEqual(['a', 'sub', 'z']);
	}

	test('with another disk mounted inside changes nothing and names the mount', async () => {
		mountTmpfs(scratch.path('out', 'sub'), '1M');
		await expectRefused(scratch.path('out', 'sub'));
	});

	test('with a directory of the same disk mounted inside changes nothing and names the mount', async () => {
		bindMount(scratch.path('elsewhere'), scratch.path('out', 'sub'));
		await expectRefused(scratch.path('out', 'sub'));
		expect(readdirSync(scratch.path('elsewhere'))).toEqual([]);
	});

	test('with a file mounted inside changes nothing and names the mount', async () => {
		writeFileSync(scratch.path('elsewhere', 'file'), 'old');
		bindMount(scratch.path('elsewhere', 'file'), scratch.path('out', 'z'));
		await expectRefused(scratch.path('out', 'z'));
	});

	test('works with a mount inside that the archive has nothing for', async () => {
		mkdirSync(scratch.path('out', 'other directory'));
		bindMount(scratch.path('elsewhere'), scratch.path('out', 'other directory'));
		const { warnings } = await restore(await archive(), scratch.path('out'));
		expect(warnings).toEqual([]);
		expect(readFileSync(scratch.path('out', 'sub', 'b'), 'utf8')).toBe('new');
	});

	test('works when that is a mount itself', async () => {
		mountTmpfs(scratch.path('elsewhere'), '1M');
		await restore(await archive(), scratch.path('elsewhere'));
		expect(readdirSync(scratch.path('elsewhere'))).toEqual(['a', 'sub', 'z']);
	});
});

test('a disk without owners, permissions and links gets everything else, and what is missing is said once', async () => {
	mkdirSync(scratch.path('tree', 'sub'), { recursive: true });
	for (const name of ['one', 'two', 'three']) {
		writeFileSync(scratch.path('tree', 'sub', name), name, { mode: 0o640 });
	}
	linkSync(scratch.path('tree', 'sub', 'one'), scratch.path('tree', 'sub', 'same'));
	symlinkSync('one', scratch.path('tree', 'sub', 'link'));
	await packInto(scratch.path('tree.tar'), { directory: scratch.path('tree') });
	await using _ = await mountExfat(scratch.path('usb'), 64);
	mkdirSync(scratch.path('usb', 'restored'));

	const { warnings } = await restore(readFileSync(scratch.path('tree.tar')), scratch.path('usb', 'restored'));
	expect(readdirSync(scratch.path('usb', 'restored', 'sub'))).toEqual(['one', 'same', 'three', 'two']);
	expect(readFileSync(scratch.path('usb', 'restored', 'sub', 'same'), 'utf8')).toBe('one');
	expect(warnings).toEqual([
		expect.stringMatching(/^The file system of .*usb\/restored does not take .*hard links/),
		expect.stringMatching(
			/usb\/restored takes no symbolic links: 1 of them were left out, the first is sub\/link\.$/,
		),
	]);
});

test('a disk that gets full is named, not the artifact, and nothing is left on it', async () => {
	mkdirSync(scratch.path('small'));
	mountTmpfs(scratch.path('small'), '200k');
	// Small enough to fit, were it not for the blocks that each file takes.
	const files = Array.from({ length: 100 }, (_, i) => ({ name: `file-${i}`, content: 'x' }));
	await expect(restore(makeTar(...files), scratch.path('small'))).rejects.toThrow(
		/^There was no space left to write .*small\/file-\d+\. /,
	);
	expect(readdirSync(scratch.path('small'))).toEqual([]);
});

test('an archive that unpacks to more than there is space for is refused before the disk is full', async () => {
	mkdirSync(scratch.path('small'));
	mountTmpfs(scratch.path('small'), '1M');
	const large = makeTar({ name: 'small' }, { name: 'large', content: Buffer.alloc(2_000_000) });
	await expect(restore(large, scratch.path('small'))).rejects.toThrow(
		/archive unpacks to more than the \d+ bytes that are free in .*small\. Free space there/,
	);
	expect(existsSync(scratch.path('small', 'small'))).toBe(false);
	expect(lstatSync(scratch.path('small')).isDirectory()).toBe(true);
});

test.each([
	[
		'bytes',
		'512k',
		[{ name: 'large', content: Buffer.alloc(1024 * 1024) }],
		/unpacks to more than the 5\d{5} bytes that are free in \S+out\. Free space there/,
	],
	[
		'entries',
		'4m,nr_inodes=20',
		Array.from({ length: 100 }, (_, i) => ({ name: `file-${i}` })),
		/unpacks to more than the 1\d entries that are free in \S+out\. Free space there/,
	],
])('an archive without a manifest is refused at the header that goes beyond the free %s', async (...row) => {
	const [, size, members, message] = row;
	mkdirSync(scratch.path('out'));
	mountTmpfs(scratch.path('out'), size);
	await expect(restore(makeTar(...members), scratch.path('out'))).rejects.toMatchObject({
		code: 'no-space',
		message: expect.stringMatching(message) as string,
	});
	expect(readdirSync(scratch.path('out'))).toEqual([]);
});
