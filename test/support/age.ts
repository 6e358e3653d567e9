import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
	identity: string;
	recipient: string;
}

/** A pair of keys, made by age's own program. */
export function ageKeygen(): KeyPair {
	const printed = execFileSync('age-keygen', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	return {
		identity: /^AGE-SECRET-KEY-1\S+$/m.exec(printed)![0],
		recipient: /age1\S+/.exec(printed)![0],
	};
}

/** What age's own program makes of a file. */
export async function ageDecrypt(path: string, identity: string): Promise<Buffer> {
	const directory = await mkdtemp(join(tmpdir(), 'n8n-backup-age-'));
	try {
		const keyFile = join(directory, 'key.txt');
		await writeFile(keyFile, `${identity}\n`, { mode: 0o600 });
		return execFileSync('age', ['-d', '-i', keyFile, path], { maxBuffer: 64 * 1024 * 1024 });
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

/**
 * Has age's own program do something with a passphrase, which it takes from a terminal only; types it as often as it is
 * asked for.
 *
 * @throws when age fails
 */
export function ageWithPassphrase(args: string[], passphrase: string): void {
	const program = [
		'import os, pty, sys',
		'child, terminal = pty.fork()',
		"if child == 0: os.execvp('age', ['age', *sys.argv[1:]])",
		"said = b''",
		'try:',
		'    while piece := os.read(terminal, 1024):',
		'        said += piece',
		"        if said.rstrip().endswith(b':'):",
		"            os.write(terminal, os.environ['PASSPHRASE'].encode() + b'\\n')",
		"            said = b''",
		'except OSError: pass',
		'sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))',
	].join('\n');
	const env = { PATH: process.env.PATH, PASSPHRASE: passphrase };
	execFileSync('/usr/bin/python3', ['-c', program, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}
