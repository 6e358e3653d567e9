import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';

const run = promisify(execFile);

export interface PasswordSftpServer {
	host: string;
	port: number;
	user: string;
	password: string;
	/** A directory on the server, which is this machine. */
	directory: string;
	stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts ProFTPD with mod_sftp: another SFTP server than OpenSSH's, whose users need not be this machine's. */
export async function startPasswordSftp(): Promise<PasswordSftpServer> {
	const home = await mkdtemp(join(tmpdir(), 'proftpd-'));
	const port = await freePort();
	const [user, password] = ['keeper', 'of-the-lab'];
	const directory = join(home, 'files');
	await mkdir(directory);
	await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'host')]);
	const { uid, gid, username } = userInfo();
	const { stdout: hash } = await run('openssl', ['passwd', '-6', password]);
	await writeFile(join(home, 'users'), `${user}:${hash.trim()}:${uid}:${gid}::${directory}:/bin/sh\n`);
	await chmod(join(home, 'users'), 0o600);
	const config = [
		'ModulePath /usr/lib/proftpd',
		'LoadModule mod_sftp.c',
		'ServerType standalone',
		'ServerName lab',
		'DefaultAddress 127.0.0.1',
		`Port ${port}`,
		`User ${username}`,
		`PidFile ${join(home, 'pid')}`,
		`ScoreboardFile ${join(home, 'scoreboard')}`,
		'UseReverseDNS off',
		'WtmpLog off',
		'TransferLog none',
		'AuthOrder mod_auth_file.c',
		`AuthUserFile ${join(home, 'users')}`,
		'RequireValidShell off',
		'RootLogin on',
		'SFTPEngine on',
		`SFTPHostKey ${join(home, 'host')}`,
		'SFTPAuthMethods password',
	];
	await writeFile(join(home, 'config'), `${config.join('\n')}\n`);
	const child = spawn('/usr/sbin/proftpd', ['--nodaemon', '--config', join(home, 'config')], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	running.add(child);
	let log = '';
	child.stderr.on('data', (text: Buffer) => (log += text.toString()));
	const stop = async () => {
		const exited = new Promise((resolve) => child.once('exit', resolve));
		if (child.exitCode === null && child.kill('SIGKILL')) await exited;
		running.delete(child);
		await rm(home, { recursive: true, force: true });
	};
	for (let attempt = 0; attempt < 1200 && child.exitCode === null; attempt++) {
		if (log.includes('STARTUP')) return { host: '127.0.0.1', port, user, password, directory, stop };
		await wait(50);
	}
	await stop();
	throw new Error(`ProFTPD did not start:\n${log}`);
}
