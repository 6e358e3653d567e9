import fs, { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mergeTree } from '../../../../core/volume/unpack/mergeTree';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

const scratch = temporaryDirectory();
afterEach(() => jest.restoreAllMocks());

/** Two directories, and in the first one what is to get into the other. */
function trees(): [from: Buffer, to: Buffer] {
	for (const name of ['from', 'to', 'from/b', 'to/b']) mkdirSync(scratch.path(name));
	for (const name of ['a', 'b/inner', 'c', 'd']) writeFileSync(scratch.path('from', name), 'new');
	writeFileSync(scratch.path('to', 'c'), 'old');
	return [Buffer.from(scratch.path('from')), Buffer.from(scratch.path('to'))];
}

/** Has the disk fail at some of the renames, counted from 1. */
function failAt(isFailing: (call: number) => boolean): void {
	const rename = fs.renameSync;
	let call = 0;
	jest.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
		if (isFailing(++call)) throw Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO' });
		rename(from, to);
	});
}

const there = () => readdirSync(scratch.path('to'), { recursive: true }).sort();

test('everything is moved, and what has the same name is replaced', () => {
	mergeTree(...trees());
	expect(there()).toEqual(['a', 'b', 'b/inner', 'c', 'd']);
	expect(readFileSync(scratch.path('to', 'c'), 'utf8')).toBe('new');
});

test.each([1, 2, 3])('when move %i fails, nothing new is left of those before', (failing) => {
	failAt((call) => call === failing);
	expect(() => mergeTree(...trees())).toThrow('EIO: i/o error, rename');
	expect(there()).toEqual(['b', 'c']);
	expect(readFileSync(scratch.path('to', 'c'), 'utf8')).toBe('old');
});

test('where a disk lets nothing be moved back either, it is said that a part is there', () => {
	failAt((call) => call >= 3);
	const to = scratch.path('to');
	expect(() => mergeTree(...trees())).toThrow(
		`${to} holds a part of the backup: the disk took no more of it. Check the disk (dmesg), delete what was restored into ${to}, and restore again.`,
	);
	expect(there()).toEqual(['a', 'b', 'b/inner', 'c']);
});
