import fs from 'node:fs';
import { copyAtRest } from '../../../../core/volume/sqlite/copyAtRest';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

const scratch = temporaryDirectory();
const suffixes = ['', '-wal', '-journal'] as const;
const live = (suffix = '') => scratch.path(`live.sqlite${suffix}`);
const copy = () => copyAtRest(Buffer.from(live()), scratch.path('copy.sqlite'));

beforeEach(() => {
	for (const suffix of suffixes) fs.writeFileSync(live(suffix), `old content${suffix}`);
});
afterEach(() => jest.restoreAllMocks());

/** Does something the moment before a file is opened to be compared: it was opened once to be copied. */
function beforeComparing(path: string, change: () => void): void {
	const open = fs.openSync;
	let opened = 0;
	jest.spyOn(fs, 'openSync').mockImplementation((file, ...more) => {
		if (file.toString() === path && ++opened === 2) change();
		return open(file, ...more);
	});
}

test('a database that nobody writes to is copied with all that belongs to it', () => {
	copy();
	for (const suffix of suffixes)
		expect(fs.readFileSync(scratch.path(`copy.sqlite${suffix}`), 'utf8')).toBe(`old content${suffix}`);
});

test.each(suffixes)('what changes in live.sqlite%s without a trace in size and time is noticed', (suffix) => {
	const { atime, mtime } = fs.statSync(live(suffix));
	beforeComparing(live(suffix), () => {
		fs.writeFileSync(live(suffix), `new content${suffix}`);
		fs.utimesSync(live(suffix), atime, mtime);
	});
	expect(copy).toThrow('it was written to while it was copied');
});

test.each(['-wal', '-journal'] as const)('that %s has gone meanwhile is noticed', (suffix) => {
	beforeComparing(live(suffix), () => fs.rmSync(live(suffix)));
	expect(copy).toThrow('it was written to while it was copied');
});

test.each(['-wal', '-journal'] as const)('that %s has come meanwhile is noticed', (suffix) => {
	fs.rmSync(live(suffix));
	beforeComparing(live(), () => fs.writeFileSync(live(suffix), 'new'));
	expect(copy).toThrow('it was written to while it was copied');
});
