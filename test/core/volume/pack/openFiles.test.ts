import { execFileSync } from 'node:child_process';
import {
	closeSync,
	linkSync,
	mkdirSync,
	openSync,
	renameSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { OpenFiles } from '../../../../core/volume/pack/openFiles';
import { identityOf } from '../../../../core/volume/pack/place';
import { describeAsRoot } from '../../../support/asRoot';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const descriptors: number[] = [];

afterEach(() => {
	for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
});

beforeEach(() => {
	for (const name of ['here', 'elsewhere']) mkdirSync(scratch.path(name));
	writeFileSync(scratch.path('here/database.sqlite'), 'open');
	descriptors.push(openSync(scratch.path('here/database.sqlite'), 'r'));
});

const directory = (name: string) => identityOf(statSync(scratch.path(name), { bigint: true }));

test('a file that this process has open is known by any path, and its directory is the only one to look in', () => {
	writeFileSync(scratch.path('here/another'), '');
	symlinkSync(scratch.path('here'), scratch.path('link'));
	const open = new OpenFiles();

	expect(open.mayLieIn(directory('here'))).toBe(true);
	expect(open.mayLieIn(directory('link/.'))).toBe(true);
	expect(open.mayLieIn(directory('elsewhere'))).toBe(false);
	expect(open.has(scratch.path('link/database.sqlite'))).toBe(true);
	expect(open.has(scratch.path('here/another'))).toBe(false);
});

test('a file that was moved after it was opened is looked for where it is now', () => {
	renameSync(scratch.path('here/database.sqlite'), scratch.path('elsewhere/moved'));
	const open = new OpenFiles();

	expect(open.mayLieIn(directory('elsewhere'))).toBe(true);
	expect(open.has(scratch.path('elsewhere/moved'))).toBe(true);
});

test('a file that was open and replaced by another of its name is neither of the two', () => {
	writeFileSync(scratch.path('here/next'), 'another');
	renameSync(scratch.path('here/next'), scratch.path('here/database.sqlite'));

	expect(new OpenFiles().has(scratch.path('here/database.sqlite'))).toBe(false);
});

test('a file with several names may lie in any directory', () => {
	linkSync(scratch.path('here/database.sqlite'), scratch.path('elsewhere/second'));
	const open = new OpenFiles();

	expect(open.mayLieIn(directory('elsewhere'))).toBe(true);
	expect(open.has(scratch.path('elsewhere/second'))).toBe(true);
});

describeAsRoot('mounts (skipped unless root)', () => {
	test('a file that is mounted by itself is looked for where it is mounted', () => {
		writeFileSync(scratch.path('elsewhere/mounted'), '');
		execFileSync('mount', [
			'--bind',
			scratch.path('here/database.sqlite'),
			scratch.path('elsewhere/mounted'),
		]);
		try {
			const open = new OpenFiles();
			expect(open.mayLieIn(directory('elsewhere'))).toBe(true);
			expect(open.has(scratch.path('elsewhere/mounted'))).toBe(true);
		} finally {
			execFileSync('umount', [scratch.path('elsewhere/mounted')]);
		}
	});
});
