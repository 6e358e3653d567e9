import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Lines of a dump that differ from run to run: comments with versions, and psql's own fence. */
const incidental = /^(?:--.*|\\(?:un)?restrict .*|)\n/gm;

/** What a dump says, without what differs from run to run. */
export function hashOfDump(sql: string): string {
	return sha256(sql.replace(incidental, ''));
}

/** What a backup holds, as gzip, tar and redis-check-rdb read it: the same for the same data. */
export async function summaryOf(path: string): Promise<string> {
	if (path.endsWith('.backup')) return sha256(await readFile(path));
	if (path.endsWith('.tar.gz')) {
		const { stdout } = await run('tar', ['--full-time', '-tvzf', path], { maxBuffer: 1e9 });
		return sha256(stdout);
	}
	if (path.endsWith('.sql.gz')) {
		const { stdout } = await run('gzip', ['-dc', path], { maxBuffer: 1e9 });
		return hashOfDump(stdout);
	}
	const { stdout } = await run('redis-check-rdb', [path]);
	return /\d+ keys read/.exec(stdout)?.[0] ?? stdout;
}

function sha256(content: string | Buffer): string {
	return createHash('sha256').update(content).digest('hex');
}
