import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { SourceFacts } from '../../../../core/artifact/source';

const program = `
	const { createWriteStream } = require('node:fs');
	const { pipeline } = require('node:stream/promises');
	const { archiveDirectory } = require(${JSON.stringify(join(process.cwd(), 'dist/core/volume/archiveDirectory.js'))});
	const [directory, archive] = process.argv.slice(1);
	(async () => {
		const source = await archiveDirectory({ directory })(new AbortController().signal);
		await Promise.all([pipeline(source.stream, createWriteStream(archive)), source.finished]);
		console.log(JSON.stringify(await source.finished));
	})().catch((error) => {
		console.error(error.message);
		process.exitCode = 1;
	});`;

/**
 * Archives a directory as somebody who is not root.
 *
 * @throws Error with the message of what failed there
 */
export function asUser(uid: number, directory: string, archive: string): SourceFacts {
	return archiveBy([], directory, archive, { uid, gid: uid, cwd: '/' });
}

/**
 * Archives a directory in a process for which one name in it is gone whenever it is looked at, though listed.
 *
 * @throws Error with the message of what failed there
 */
export function withoutSight(of: string, directory: string, archive: string): SourceFacts {
	const looking = 'statx,newfstatat';
	const blind = ['-P', of, '-e', `trace=${looking}`, '-e', `inject=${looking}:error=ENOENT`];
	return archiveBy(['strace', '-f', '-qq', '-o', '/dev/null', ...blind], directory, archive);
}

function archiveBy(before: string[], directory: string, archive: string, options = {}): SourceFacts {
	const [command = '', ...args] = [...before, process.execPath, '-e', program, directory, archive];
	const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
	if (status !== 0) throw new Error(stderr);
	return JSON.parse(stdout) as SourceFacts;
}
