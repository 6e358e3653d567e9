import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runningN8nVersion } from '../../../core/n8n/runningN8n';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();
const compiled = join(process.cwd(), 'dist', 'core', 'n8n', 'runningN8n.js');

/** A package as npm installs n8n: `bin/n8n`, linked from a directory on PATH. */
async function install(packageJson: object): Promise<string> {
	const home = directory.path('lib', 'node_modules', 'n8n');
	await mkdir(join(home, 'bin'), { recursive: true });
	await mkdir(directory.path('bin'));
	await writeFile(join(home, 'package.json'), JSON.stringify(packageJson));
	await writeFile(
		join(home, 'bin', 'n8n'),
		`process.stdout.write(String(require(${JSON.stringify(compiled)}).runningN8nVersion()))`,
	);
	await symlink('../lib/node_modules/n8n/bin/n8n', directory.path('bin', 'n8n'));
	return directory.path('bin', 'n8n');
}

const said = (script: string) => execFileSync(process.execPath, [script, 'worker']).toString();

describe('the version of n8n', () => {
	it('is that of the program that this process runs, through npm’s link', async () => {
		expect(said(await install({ name: 'n8n', version: '2.40.7' }))).toBe('2.40.7');
	});

	it('is not known in another program', async () => {
		expect(said(await install({ name: 'pm2', version: '6.0.0' }))).toBe('undefined');
		expect(runningN8nVersion(directory.path('none', 'n8n'))).toBeUndefined();
		expect(runningN8nVersion()).toBeUndefined();
	});
});
