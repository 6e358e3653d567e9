import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../scripts/lib/paths.ts';
import { keptFolder } from '../kept.ts';

const run = promisify(execFile);

const source = 'postgresql-15';
const parts = ['sql', 'data', 'parallel_schedule'];
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The scripts that PostgreSQL tests itself with (src/test/regress): those whose order is kept, and their data. */
export interface RegressionSuite {
	/** Holds `sql` and `data`. */
	folder: string;
	/** Names of scripts, in the order of the schedule. */
	scripts: string[];
}

/** From Debian's source package, once per checkout. Needs apt; the machine's own lists stay as they are. */
export async function regressionSuite(): Promise<RegressionSuite> {
	const folder = join(cacheDirectory, `${source}-regress`);
	await keptFolder(folder, async (unfinished) => {
		const download = join(unfinished, 'download');
		await mkdir(join(download, 'lists', 'partial'), { recursive: true });
		await writeFile(join(download, 'sources.list'), await debianSources());
		const options = [
			`Dir::Etc::sourcelist=${join(download, 'sources.list')}`,
			'Dir::Etc::sourceparts=-',
			`Dir::State::lists=${join(download, 'lists')}`,
			'APT::Sandbox::User=root',
		].flatMap((option) => ['-o', option]);
		await run('apt-get', [...options, 'update'], { cwd: download });
		await run('apt-get', [...options, 'source', '--download-only', source], { cwd: download });
		const archive = (await readdir(download)).find((name) => /\.orig\.tar\.\w+$/.test(name));
		if (archive === undefined) throw new Error(`apt-get source ${source} brought no archive`);
		const wanted = parts.map((part) => `*/src/test/regress/${part}`);
		const strip = ['--strip-components=4', '--wildcards'];
		await run('tar', ['-xf', join(download, archive), '-C', unfinished, ...strip, ...wanted]);
		await run('rm', ['-r', download]);
	});
	const schedule = await readFile(join(folder, 'parallel_schedule'), 'utf8');
	const scripts = [...schedule.matchAll(/^test: (.*)$/gm)].flatMap(([, names]) => names!.trim().split(/\s+/));
	return { folder, scripts };
}

/**
 * The machine's own sources of Debian, for source packages. The release itself is enough: mirrors have its archives, and not
 * all of them those of security updates.
 */
async function debianSources(): Promise<string> {
	const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
	const which = ['Created-By: Packages', 'Origin: Debian'];
	const { stdout } = await run('apt-get', ['indextargets', '--format', format, ...which]);
	const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
	const releases = stdout.split('\n').filter((line) => line !== '' && !/-security /.test(line));
	return releases.map((line) => `deb-src ${signed}${line}\n`).join('');
}
