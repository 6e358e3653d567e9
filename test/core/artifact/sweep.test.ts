import { copyFile, mkdir, readdir, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { manifestPath, readCatalog, readManifest } from '../../../core/artifact';
import { sweepLeftOvers } from '../../../core/artifact/sweep';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const never = new AbortController().signal;
let path = '';
let made: string[] = [];

beforeEach(async () => {
	await mkdir(directory.path('backups'));
	path = (await makeBackups(directory.path('backups'))).env.path;
	made = [basename(path), basename(manifestPath(path))];
});

const beside = (name: string) => join(dirname(path), name);
const partialManifest = () => beside(`.${basename(manifestPath(path))}.partial`);
const names = async () => (await readdir(dirname(path))).sort();

async function age(file: string): Promise<void> {
	const then = new Date(Date.now() - 600_000);
	await utimes(file, then, then);
}

const sweep = async () => await sweepLeftOvers(dirname(path), never);

test.each(['.partial', '.0b0e.partial'])(
	'a manifest that a crash left as %s gets its name',
	async (ending) => {
		const manifest = await readManifest(path);
		const left = beside(`.${basename(manifestPath(path))}${ending}`);
		await rename(manifestPath(path), left);
		await age(left);
		await sweep();
		expect(await names()).toEqual(made);
		expect(await readManifest(path)).toEqual(manifest);
	},
);

test('a manifest that an earlier version left as a successor gets its name, or goes when there is another', async () => {
	const left = `${manifestPath(path)}.next`;
	await rename(manifestPath(path), left);
	await age(left);
	await sweep();
	expect(await names()).toEqual(made);

	await copyFile(manifestPath(path), left);
	await age(left);
	await sweep();
	expect(await names()).toEqual(made);
});

test('what may say that an artifact is damaged stays', async () => {
	await rename(manifestPath(path), partialManifest());
	await writeFile(path, 'changed');
	await age(partialManifest());
	await sweep();
	expect(await names()).toEqual([basename(partialManifest()), basename(path)]);
});

test('a manifest whose artifact is gone goes', async () => {
	await rename(manifestPath(path), partialManifest());
	await rm(path);
	await age(partialManifest());
	await sweep();
	expect(await names()).toEqual([]);
});

test('a manifest that was cut off while it was written goes', async () => {
	await writeFile(partialManifest(), '{"artifact":"env_2026');
	await age(partialManifest());
	await sweep();
	expect(await names()).toEqual(made);
});

test('what is larger than any manifest is not read, so nobody can know whether it is needed: it stays', async () => {
	await writeFile(partialManifest(), '');
	await truncate(partialManifest(), 32 * 1024 * 1024 + 1);
	await age(partialManifest());
	await sweep();
	expect(await names()).toEqual([basename(partialManifest()), ...made]);
});

test('a manifest that names a file elsewhere reaches nothing there', async () => {
	const victim = directory.path('victim');
	await writeFile(victim, '');
	const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
	await writeFile(partialManifest(), JSON.stringify({ artifact: '../../victim', storedBytes: 0, sha256 }));
	await age(partialManifest());
	await sweep();
	expect(await readdir(directory.path())).not.toContain('victim.manifest.json');
	expect(await names()).toEqual(made);
});

test('what somebody is still writing stays', async () => {
	await writeFile(partialManifest(), '{');
	await sweep();
	expect(await names()).toEqual([basename(partialManifest()), ...made]);
});

test.each(['next', 'bak', '0b0e.partial'])('a manifest with .%s behind it is no backup', async (ending) => {
	await copyFile(manifestPath(path), `${manifestPath(path)}.${ending}`);
	const listed = await readCatalog({ root: directory.path('backups'), timeZone: 'utc', components: ['env'] });
	expect(listed.map(({ name }) => name)).toEqual([basename(path)]);
});
