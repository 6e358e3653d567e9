import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { manifestPath, readManifest } from '../../../core/artifact';
import { changeManifest } from '../../../core/artifact/changeManifest';
import { toCheckRecord, recordChecks } from '../../../core/artifact/verifyArtifact';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const run = promisify(execFile);
let path = '';

beforeEach(async () => {
	await mkdir(directory.path('backups'));
	path = (await makeBackups(directory.path('backups'))).env.path;
});

const hidden = async () => (await readdir(dirname(path))).filter((name) => name.startsWith('.'));
const record = (words: string) =>
	toCheckRecord({ result: 'passed', checks: [{ check: words, result: 'passed', detail: '' }] });

test('a verification and a drill that are written at the same time are both in the manifest', async () => {
	const writes = Array.from({ length: 10 }, (_, index) => [
		recordChecks(path, 'verification', record(`verification ${index}`)),
		recordChecks(path, 'drill', record(`drill ${index}`)),
	]).flat();
	expect(await Promise.all(writes)).toEqual(writes.map(() => true));
	const { verification, drill } = await readManifest(path);
	expect([verification?.findings, drill?.findings]).toEqual([
		['verification 9: passed. '],
		['drill 9: passed. '],
	]);
	expect(await hidden()).toEqual([]);
});

test('four verifications by processes of their own all pass, and all write their result', async () => {
	const command = join(process.cwd(), 'dist', 'cli', 'main.js');
	const verify = async () => {
		const { stdout } = await run(process.execPath, [command, 'verify', path, '--json']);
		return (JSON.parse(stdout) as Array<{ recorded: boolean; recordProblem?: string }>)[0];
	};
	const all = await Promise.all([verify(), verify(), verify(), verify()]);
	for (const one of all) expect(one).toMatchObject({ result: 'passed', recorded: true });
	expect((await readManifest(path)).verification?.result).toBe('passed');
	expect(await hidden()).toEqual([]);
});

test('a manifest that a prune takes meanwhile is not brought back', async () => {
	const changed = changeManifest(path, ({ document }) => {
		rmSync(path);
		rmSync(manifestPath(path));
		return { ...document, verification: record('late') };
	});
	await expect(changed).rejects.toMatchObject({ code: 'not-found' });
	expect(await readdir(dirname(path))).toEqual([]);
});

test('what another process has changed meanwhile is kept', async () => {
	let isFirst = true;
	const changed = await changeManifest(path, ({ document }) => {
		if (isFirst) {
			isFirst = false;
			const theirs = { ...document, drill: record('theirs') };
			writeFileSync(manifestPath(path), `${JSON.stringify(theirs)}\n`);
		}
		return { ...document, verification: record('ours') };
	});
	expect(changed).toBe(true);
	const { verification, drill } = await readManifest(path);
	expect([verification?.findings, drill?.findings]).toEqual([['ours: passed. '], ['theirs: passed. ']]);
});

test('what a crash left of an earlier change goes with the next one, and is never listed', async () => {
	const left = `${dirname(path)}/.${manifestPath(path).split('/').pop()}.0b0e.partial`;
	await writeFile(left, '{');
	const then = new Date(Date.now() - 600_000);
	await utimes(left, then, then);
	await recordChecks(path, 'verification', record('again'));
	expect(await hidden()).toEqual([]);
});

test('without a manifest nothing is written, and a lost manifest stays where it is', async () => {
	const left = `${dirname(path)}/.${manifestPath(path).split('/').pop()}.partial`;
	await rm(manifestPath(path));
	await writeFile(left, '{}');
	const then = new Date(Date.now() - 600_000);
	await utimes(left, then, then);
	expect(await recordChecks(path, 'verification', record('again'))).toBe(false);
	expect(await hidden()).toHaveLength(1);
});
