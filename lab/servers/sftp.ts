import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';

const run = promisify(execFile);

export interface SftpServer {
	host: string;
	port: number;
	user: string;
	/** The user's, in OpenSSH's format. */
	privateKey: string;
	privateKeyFile: string;
	/** As ssh-keygen says it: `SHA256:…`. */
	fingerprint: string;
	/** A directory on the server, which is this machine. */
	directory: string;
	/** Gives the server another host key, as after an installation. */
	replaceHostKey(): Promise<void>;
	stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export interface SftpServerOptions {
	/** Requests that it refuses, by the names of sftp-server(8): `remove`. */
	forbid?: string[];
	/** When the user's key expires, as sshd(8) writes it: `20200101`. */
	keyExpires?: string;
}

/** Starts OpenSSH's server with its own keys in a temporary folder; whoever runs this can log in by key. */
export async function startSftp({ forbid = [], keyExpires }: SftpServerOptions = {}): Promise<SftpServer> {
	const home = await mkdtemp(join(tmpdir(), 'sftp-'));
	const port = await freePort();
	const [hostKey, userKey] = [join(home, 'host'), join(home, 'user')];
	const keygen = async (file: string) => {
		await rm(file, { force: true });
		await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
	};
	await keygen(hostKey);
	await keygen(userKey);
	const directory = join(home, 'files');
	await mkdir(directory);
	const authorized = join(home, 'authorized_keys');
	const restriction = keyExpires === undefined ? '' : `expiry-time="${keyExpires}" `;
	await writeFile(authorized, `${restriction}${await readFile(`${userKey}.pub`, 'utf8')}`);
	const refused = forbid.length === 0 ? '' : ` -P ${forbid.join(',')}`;
	const config = [
		`Port ${port}`,
		'ListenAddress 127.0.0.1',
		`HostKey ${hostKey}`,
		`AuthorizedKeysFile ${authorized}`,
		`PidFile ${join(home, 'pid')}`,
		`Subsystem sftp internal-sftp${refused}`,
		'StrictModes no',
		'UsePAM no',
		'PasswordAuthentication no',
		'KbdInteractiveAuthentication no',
		'PermitRootLogin yes',
		'MaxStartups 200',
	];
	await writeFile(join(home, 'config'), `${config.join('\n')}\n`);
	// As root it leaves its rights behind in this directory.
	await mkdir('/run/sshd', { recursive: true }).catch(() => {});
	await chmod(home, 0o755);
	let child: ChildProcess;
	const start = async () => {
		child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(home, 'config')], {
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		running.add(child);
		let log = '';
		child.stderr?.on('data', (text: Buffer) => (log += text.toString()));
		for (let attempt = 0; attempt < 200 && !log.includes('listening on'); attempt++) {
			if (child.exitCode !== null) break;
			await wait(50);
		}
		if (!log.includes('listening on')) throw new Error(`sshd did not start:\n${log}`);
	};
	const end = async () => {
		const exited = new Promise((resolve) => child.once('exit', resolve));
		child.kill('SIGKILL');
		await exited;
		running.delete(child);
	};
	await start();
	const fingerprint = (await run('ssh-keygen', ['-l', '-f', `${hostKey}.pub`])).stdout.split(' ')[1] ?? '';
	return {
		...{ host: '127.0.0.1', port, user: userInfo().username, directory, fingerprint },
		privateKey: await readFile(userKey, 'utf8'),
		privateKeyFile: userKey,
		async replaceHostKey() {
			await end();
			await keygen(hostKey);
			await start();
		},
		async stop() {
			await end();
			await rm(home, { recursive: true, force: true });
		},
	};
}
