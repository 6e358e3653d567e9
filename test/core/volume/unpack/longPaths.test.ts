import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { restoreArchive, type RestoreArchiveOptions } from '../../../../core/volume/restoreArchive';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { packInto } from '../support/pack';
import { padded, rawHeader, special } from '../../../../lab/rawTar.ts';

jest.setTimeout(60_000);

const scratch = temporaryDirectory();
const never = new AbortController().signal;
const name = 'd'.repeat(250);
/** Of 250 bytes each: the deepest path has more than twice what the system takes. */
const depth = 40;

async function restore(archive: string, more: Partial<RestoreArchiveOptions> = {}) {
	const options = { artifactPath: scratch.path(archive), destination: scratch.path('out'), ...more };
	return await restoreArchive(options, never);
}

/** Runs a program in the directory `root`, which is made for it. */
function runIn(root: string, program: string): void {
	mkdirSync(scratch.path(root), { recursive: true });
	const imports = 'chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync';
	execFileSync(process.execPath, ['-e', `const { ${imports} } = require('node:fs');\n${program}`], {
		cwd: scratch.path(root),
	});
}

function makeDeepTree(root: string, content = 'of level'): void {
	runIn(
		root,
		`for (let i = 1; i <= ${depth}; i++) {
			mkdirSync('${name}', { recursive: true });
			process.chdir('${name}');
			writeFileSync('a file', '${content} ' + i, { mode: 0o640 });
			linkSync('a file', 'another name');
			symlinkSync('a file', 'symbolic');
			mkdirSync('side', { mode: 0o750 });
			writeFileSync('side/' + 'n'.repeat(255), '${content} ' + i + ', beside');
			linkSync('a file', 'side/third');
			chmodSync('a file', 0o604);
			utimesSync('a file', 1_000_000_000 + i, 1_000_000_000 + i);
			lutimesSync('symbolic', 1_100_000_000 + i, 1_100_000_000 + i);
			utimesSync('side', 1_200_000_000 + i, 1_200_000_000 + i);
		}`,
	);
}

/** What GNU find, which goes from directory to directory, tells of a tree; contents by their checksums. */
function describe(root: string): string[] {
	const run = (...args: string[]) =>
		execFileSync('find', args, { cwd: scratch.path(root), encoding: 'utf8', maxBuffer: 2 ** 27 });
	const facts = run('.', '-printf', '%P | %y | %m | %U:%G | %Ts | %l\\n').replace(/\.\d+ \|/g, ' |');
	const links = run('.', '-type', 'f', '-printf', '%P has %n names\\n');
	const contents = run('.', '-type', 'f', '-execdir', 'sha256sum', '{}', '+');
	return [facts, links, contents].flatMap((text) => text.split('\n').sort());
}

test('what lies at paths longer than the system takes comes back as it was', async () => {
	makeDeepTree('tree');
	const { census } = await packInto(scratch.path('deep.tar'), { directory: scratch.path('tree') });
	expect(census.entries).toBe(1 + 7 * depth);
	const report = await restore('deep.tar');
	expect(report).toEqual({ entries: census.entries, bytes: census.bytes, warnings: [] });
	expect(describe('out')).toEqual(describe('tree'));
	expect(readdirSync(scratch.path('out'))).toEqual([name]);
});

test('an archive by GNU tar with such paths comes back, whose members come without their directories', async () => {
	makeDeepTree('tree');
	// GNU tar does not read such paths, but it adds a name in front.
	const short = 20;
	const below = `${name}/`.repeat(depth - short);
	runIn(
		'half',
		`for (let i = 0; i < ${short}; i++) { mkdirSync('h'); process.chdir('h'); writeFileSync('f', 'F' + i); }`,
	);
	const args = ['--format=gnu', '--transform', `s,^h,${below}${name},`, '--no-recursion'];
	execFileSync('bash', ['-c', `find h -type f | tar cf "$0" "$@" -T -`, scratch.path('gnu.tar'), ...args], {
		cwd: scratch.path('half'),
		stdio: 'pipe',
	});
	await restore('gnu.tar');
	const found = execFileSync('find', ['.', '-type', 'f', '-printf', '%d\n'], {
		cwd: scratch.path('out'),
		encoding: 'utf8',
	});
	expect(
		found
			.trim()
			.split('\n')
			.map(Number)
			.sort((a, b) => a - b),
	).toEqual(Array.from({ length: short }, (_, i) => depth - short + 2 + i));
});

test('overwriting merges below such paths: what has the name is replaced, everything else stays', async () => {
	makeDeepTree('tree', 'new content of level');
	await packInto(scratch.path('deep.tar'), { directory: scratch.path('tree') });
	makeDeepTree('out', 'old');
	const mine = `for (let i = 0; i < ${depth}; i++) { process.chdir('${name}'); writeFileSync('mine', 'kept ' + i); }`;
	runIn('out', mine);
	await restore('deep.tar', { overwrite: true });
	const isMine = (line: string) => line.includes('mine');
	const withoutMine = describe('out').filter((line) => !isMine(line));
	expect(withoutMine).toEqual(describe('tree'));

	runIn('tree', mine);
	const contents = (root: string) => describe(root).filter((line) => line.endsWith('./mine'));
	expect(contents('out')).toEqual(contents('tree'));
	expect(contents('out')).toHaveLength(depth);
	expect(readdirSync(scratch.path('out'))).toEqual([name]);
});

test('a file does not replace a directory at such a path, and nothing is changed', async () => {
	makeDeepTree('tree');
	await packInto(scratch.path('deep.tar'), { directory: scratch.path('tree') });
	runIn(
		'out',
		`for (let i = 0; i < ${depth}; i++) { mkdirSync('${name}'); process.chdir('${name}'); } mkdirSync('a file');`,
	);
	const before = describe('out');
	await expect(restore('deep.tar', { overwrite: true })).rejects.toThrow(
		`${scratch.path('out')}/${`${name}/`.repeat(depth)}a file is a directory, but in the archive it is not. ` +
			'Move that directory away, or restore into an empty one; nothing was changed.',
	);
	expect(describe('out').map(withoutTime)).toEqual(before.map(withoutTime));
});

/** Making and removing something in a directory changes its time, and nothing else. */
function withoutTime(line: string): string {
	return line.replace(/ \| \d{10} \| /, ' | ');
}

test('a restore of such paths that fails leaves nothing behind', async () => {
	makeDeepTree('tree');
	await packInto(scratch.path('deep.tar'), { directory: scratch.path('tree') });
	truncateSync(scratch.path('deep.tar'), readFileSync(scratch.path('deep.tar')).length - 20_480);
	mkdirSync(scratch.path('out'));
	await expect(restore('deep.tar')).rejects.toMatchObject({ code: 'incomplete' });
	expect(readdirSync(scratch.path('out'))).toEqual([]);
});

test('what a restore of such paths left that was killed goes with the next one', async () => {
	writeFileSync(scratch.path('empty.tar'), Buffer.alloc(1024));
	mkdirSync(scratch.path('out'));
	makeDeepTree('out/.restore-killed.partial');
	execFileSync('touch', ['-d', '10 minutes ago', scratch.path('out', '.restore-killed.partial')]);
	await restore('empty.tar');
	expect(readdirSync(scratch.path('out'))).toEqual([]);
});

test('a path too long to be made in any reasonable time is refused by its name, before anything is changed', async () => {
	const path = `first/${'a/'.repeat(40_000)}`;
	const archive = [
		rawHeader({ name: 'before' }),
		special('L', `${path}\0`),
		rawHeader({ name: 'x' }),
		Buffer.alloc(1024),
	];
	writeFileSync(scratch.path('long.tar'), Buffer.concat(archive.map(padded)));
	mkdirSync(scratch.path('out'));
	await expect(restore('long.tar')).rejects.toThrow(
		`The archive’s member ${path.slice(0, 100)}… has a path of 80006 bytes, and no more than 65536 can be restored ` +
			'there. Nothing was restored; extract this archive with tar if you trust it.',
	);
	expect(readdirSync(scratch.path('out'))).toEqual([]);
});

test('a tree that is too deep to be restored is not archived', async () => {
	runIn('tree/top', `for (let i = 0; i < 300; i++) { mkdirSync('${name}'); process.chdir('${name}'); }`);
	writeFileSync(scratch.path('tree', 'other'), '');
	const directory = scratch.path('tree');
	await expect(packInto(scratch.path('deep.tar'), { directory })).rejects.toThrow(
		`The path top/${name.slice(0, 96)}… has ${4 + 262 * 251 - 1} bytes, and no archive takes more than 65536. Leave the ` +
			'directory at its top out by a pattern, or move what is in it further up.',
	);
	const { census } = await packInto(scratch.path('rest.tar'), { directory, exclude: ['/top'] });
	expect(census.entries).toBe(2);
});
