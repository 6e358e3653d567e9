import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';

const run = promisify(execFile);

export interface WebdavServer {
	url: string;
	port: number;
	user: string;
	password: string;
	/** Where its files lie. */
	directory: string;
	stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Starts Apache with mod_dav in a temporary folder. Everybody has to sign in.
 *
 * @param options `forbid`: a method that nobody may use; `files`: where its files lie, a temporary folder otherwise;
 *   `password`: of its only user
 */
export async function startWebdav(
	options: { forbid?: string; files?: string; password?: string } = {},
): Promise<WebdavServer> {
	const { forbid } = options;
	const home = await mkdtemp(join(tmpdir(), 'webdav-'));
	const port = await freePort();
	const [user, password] = ['keeper', options.password ?? 'of the lab'];
	const directory = options.files ?? join(home, 'files');
	await mkdir(directory, { recursive: true });
	await mkdir(join(home, 'var'));
	// As root it serves as another user.
	await chmod(home, 0o755);
	await chmod(directory, 0o777);
	await chmod(join(home, 'var'), 0o777);
	const passwords = join(home, 'passwords');
	await run('openssl', ['passwd', '-apr1', password]).then(async ({ stdout }) => {
		await writeFile(passwords, `${user}:${stdout}`);
	});
	const modules = [
		'mpm_event',
		'authn_core',
		'authn_file',
		'authz_core',
		'authz_user',
		'auth_basic',
		'dav',
		'dav_fs',
	];
	const config = [
		`ServerRoot ${home}`,
		`ServerName 127.0.0.1`,
		`Listen 127.0.0.1:${port}`,
		`PidFile ${join(home, 'pid')}`,
		`ErrorLog ${join(home, 'errors')}`,
		...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
		...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
		`DavLockDB ${join(home, 'var', 'locks')}`,
		`DocumentRoot ${directory}`,
		`<Directory ${directory}>`,
		'Dav On',
		'AuthType Basic',
		'AuthName backups',
		`AuthUserFile ${passwords}`,
		...(forbid === undefined ? ['Require valid-user'] : requireFor(forbid)),
		'</Directory>',
	];
	await writeFile(join(home, 'config'), `${config.join('\n')}\n`);
	const child = spawn('/usr/sbin/apache2', ['-X', '-f', join(home, 'config')], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	running.add(child);
	let log = '';
	child.stderr?.on('data', (text: Buffer) => (log += text.toString()));
	const url = `http://127.0.0.1:${port}/`;
	const stop = async () => {
		const exited = new Promise((resolve) => child.once('exit', resolve));
		if (child.exitCode === null) {
			child.kill('SIGKILL');
			await exited;
		}
		running.delete(child);
		await rm(home, { recursive: true, force: true });
	};
	for (let attempt = 0; attempt < 400 && child.exitCode === null; attempt++) {
		const answers = await fetch(url).then(
			() => true,
			() => false,
		);
		if (answers) return { url, port, user, password, directory, stop };
		await wait(50);
	}
	await stop();
	throw new Error(`Apache did not start:\n${log}`);
}

function requireFor(forbidden: string): string[] {
	return [
		...[`<LimitExcept ${forbidden}>`, 'Require valid-user', '</LimitExcept>'],
		...[`<Limit ${forbidden}>`, 'Require all denied', '</Limit>'],
	];
}
