import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clientProgram } from '../../../lab/servers/postgresBinaries';
import { program } from '../../../lab/command';
import { type Block, script } from './blocks';

/** Puts `n8n-backup` into a directory, as npm links it. */
export async function installCommand(bin: string): Promise<void> {
	const path = join(bin, 'n8n-backup');
	await mkdir(bin, { recursive: true });
	await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
	await chmod(path, 0o755);
}

export interface Reader {
	/** With the command, as {@link installCommand} has put it there. */
	bin: string;
	cwd: string;
	/** Beside PATH. */
	env: NodeJS.ProcessEnv;
}

/**
 * Runs a tag's commands as they stand in a document, until one fails.
 *
 * @returns what they said
 */
export async function follow(blocks: Block[], tag: string, { bin, cwd, env }: Reader): Promise<string> {
	const psql = dirname(await clientProgram('psql'));
	const child = spawn('bash', ['-e', '-u', '-o', 'pipefail'], {
		cwd,
		stdio: 'pipe',
		env: { PATH: [bin, psql, process.env.PATH].join(':'), ...env },
	});
	let output = '';
	child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stdin.end(script(blocks, tag));
	const exitCode = await new Promise((resolve) => child.once('close', resolve));
	if (exitCode === 0) return output;
	throw new Error(`The commands of "${tag}" ended with ${exitCode as number}:\n${output}`);
}
