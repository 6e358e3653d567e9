import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { manifestPath, readCatalog } from '../../../core/artifact';
import { carryOut } from '../../../core/retention';
import { eventually } from '../../../lab/eventually';
import { makeBackups } from '../../support/makeBackups';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();

test('a prune that comes in the moment before a verification writes its result has the last word', async () => {
	const root = directory.path('backups');
	await mkdir(root);
	const { path } = (await makeBackups(root)).env;
	const names = async () => await readdir(dirname(path));

	// The verification is stopped for two seconds where it is about to rename.
	const verify = [process.execPath, join(process.cwd(), 'dist', 'cli', 'main.js'), 'verify', path];
	const delay = ['-f', '-qq', '-o', directory.path('log'), '-e', 'inject=rename:delay_enter=2000000'];
	const child = spawn('strace', [...delay, ...verify], { stdio: 'ignore' });
	const ended = once(child, 'exit');
	await eventually(async () => {
		const [next = ''] = (await names()).filter((name) => name.startsWith('.'));
		const { size } = await stat(join(dirname(path), next));
		expect([next.endsWith('.partial'), size > (await stat(manifestPath(path))).size]).toEqual([true, true]);
	});
	await new Promise((resolve) => setTimeout(resolve, 500));
	expect(await names()).toHaveLength(3);

	const [entry] = await readCatalog({ root, timeZone: 'utc', components: ['env'] });
	await carryOut({ entry: entry!, action: 'delete', reasons: [], isProtected: false }, { dryRun: false });
	await ended;
	expect(await names()).toEqual([]);
}, 30_000);
