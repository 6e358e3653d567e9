import { rename, writeFile } from 'node:fs/promises';
import { BackupError } from '../../core/errors';
import { manifestPath } from '../../core/artifact';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
/** Clears the screen, rings, turns the direction of the text, and begins a line of its own. */
const evil = 'n8n\x1b[2J\x07\u202e\x9b1m\nok';
const shown = 'n8n\\x1b[2J\\x07\\u202e\\x9b1m\\x0aok';

/** What a terminal would obey, apart from the end of a line. */
// eslint-disable-next-line no-control-regex -- that is what is looked for
const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

describe('names that a terminal would obey', () => {
	it.each([
		['list', []],
		['prune', ['--keep-days', '0', '--keep-last', '1']],
		['verify', ['--all']],
	])('are shown by %s with their escape sequences made visible, on one line', async (command, more) => {
		const path = await writeBackup(directory.path(), { stamp: '20250101_020000' });
		const named = directory.path('postgres', `${evil}_20250101_020000.sql.gz`);
		await rename(path, named);
		await rename(manifestPath(path), manifestPath(named));
		await writeBackup(directory.path(), {
			stamp: '20250102_020000',
			manifest: { storedBytes: 1, artifact: `${evil}.sql` },
		});
		const { stdout, stderr } = await runCommand([command, '-d', directory.path(), ...more]);
		expect(stdout).toContain(shown);
		expect(stdout + stderr).not.toMatch(obeyed);
		if (command !== 'verify') expect(stdout).not.toMatch(/^ok/m);
	});

	it('are no part of an error’s message', async () => {
		const { stderr } = await runCommand(['verify', directory.path(`${evil}.sql`)]);
		expect(stderr).not.toMatch(obeyed);
		const { message } = new BackupError('internal', `It was ${evil}`, { advice: `Look at \x1b]0;title` });
		expect(message).not.toMatch(obeyed);
		expect(message).toContain('\\x1b]0;title');
	});

	it('are shown as they are where they only look foreign', async () => {
		await writeBackup(directory.path(), { stamp: '20250101_020000', prefix: 'größe-数据库' });
		await writeFile(directory.path('postgres', 'x'), '');
		expect((await runCommand(['list', '-d', directory.path()])).stdout).toContain('größe-数据库_20250101');
	});
});
