import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const lastLine = '-- PostgreSQL database dump complete';

/**
 * What an independent program says against an artifact's content: gzip and the dump's last line, tar, or
 * redis-check-rdb.
 *
 * @returns undefined where it has no objection
 */
export async function complaintAbout(path: string): Promise<string | undefined> {
	try {
		const name = basename(path);
		if (name.endsWith('.sql.gz')) return await dumpIsWhole(path);
		if (name.endsWith('.tar.gz')) await run('tar', ['-tzf', path], { maxBuffer: 1e9 });
		if (name.endsWith('.rdb')) await run('redis-check-rdb', [path]);
		return undefined;
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}

async function dumpIsWhole(path: string): Promise<string | undefined> {
	const { stdout } = await run('gzip', ['-dc', path], { maxBuffer: 1e9 });
	return stdout.includes(`\n${lastLine}\n`) ? undefined : 'the dump has no last line';
}
