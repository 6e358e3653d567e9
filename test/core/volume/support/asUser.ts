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
	const user = { uid, gid: uid, cwd: '/' };
	const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program, directory, archive], {
		encoding: 'utf8',
		...user,
	});
	if (status !== 0) throw new Error(stderr);
	return JSON.parse(stdout) as SourceFacts;
}
