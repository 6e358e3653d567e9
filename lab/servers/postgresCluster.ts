import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../scripts/lib/paths.ts';
import { kept } from '../kept.ts';

const run = promisify(execFile);

/** Of the user that a server runs as, where that is not this process's own. */
export interface Identity {
	uid: number;
	gid: number;
}

export interface ClusterOptions {
	binDir: string;
	/** The server's own folder, for files in between. */
	home: string;
	dataDir: string;
	identity: Identity | undefined;
	auth: string;
	user: string;
	password: string;
}

/** To be raised when initdb is called in another way. */
const recipe = '1';

/** Makes a server's data directory: a copy of one that initdb made once, which takes a tenth of its time. */
export async function makeCluster(options: ClusterOptions): Promise<void> {
	const template = join(cacheDirectory, 'postgres-clusters', await fingerprint(options));
	await kept(template, async (unfinished) => {
		// Where the server's user may write, which need not be so in .cache.
		const made = join(options.home, 'made');
		await initialise(made, options);
		await copy(made, unfinished);
		await rm(made, { recursive: true });
	});
	await copy(template, options.dataDir);
}

/** With owners and permissions, which the server looks at. */
async function copy(from: string, to: string): Promise<void> {
	await run('cp', ['-Rp', from, to]);
}

async function fingerprint({ binDir, identity, auth, user, password }: ClusterOptions): Promise<string> {
	const { size, mtimeMs } = await stat(join(binDir, 'postgres'));
	const facts = [recipe, binDir, size, mtimeMs, identity?.uid, auth, user, password];
	return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 16);
}

async function initialise(
	dataDir: string,
	{ binDir, home, identity, auth, user, password }: ClusterOptions,
): Promise<void> {
	const passwordFile = join(home, 'password');
	await writeFile(passwordFile, password);
	await run(
		join(binDir, 'initdb'),
		[
			...['-D', dataDir, '-U', user, `--auth=${auth}`, `--pwfile=${passwordFile}`],
			...['--encoding=UTF8', '--locale=C', '-N'],
		],
		{ ...identity, cwd: home, env: serverEnvironment() },
	);
}

export function serverEnvironment(): NodeJS.ProcessEnv {
	return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}
