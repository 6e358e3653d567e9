import { cp, mkdir, rename, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describeTree } from '../support/describeTree';
import { makeBackups } from '../support/makeBackups';
import { describeEngines } from './support/engines';

jest.setTimeout(120_000);

describeEngines('a backup directory whose component leads out of what n8n allows', (n8n) => {
	/** A backup directory with a link in the place of `env`, to a directory that n8n blocks. */
	async function layOut(): Promise<{
		place: string;
		backupDirectory: string;
		outside: string;
		artifact: string;
	}> {
		const place = await n8n().allowed();
		const outside = await n8n().blocked();
		const backupDirectory = join(place, 'backups');
		await mkdir(backupDirectory);
		const { env } = await makeBackups(backupDirectory);
		await cp(join(backupDirectory, 'env'), join(outside, 'env'), { recursive: true });
		await rename(join(backupDirectory, 'env'), join(place, 'moved'));
		await symlink(join(outside, 'env'), join(backupDirectory, 'env'));
		return { place, backupDirectory, outside, artifact: basename(env.path) };
	}

	test.each([
		['pruneBackups', 'list', {}],
		[
			'pruneBackups',
			'prune',
			{ keepDays: 0, keepLast: 1, options: { otherInstances: true, includeUnproven: true } },
		],
		['volumeArchive', 'verify', { which: 'all' }],
		['volumeArchive', 'copyFile', {}],
		['volumeArchive', 'restore', { kind: 'env', artifactInstance: 'unknown' }],
	])('%s %s changes nothing there and tells nothing of it', async (node, operation, parameters) => {
		const { place, backupDirectory, outside, artifact } = await layOut();
		const before = await describeTree(outside);
		const { outputs } = await n8n().engine.run({
			node,
			parameters: {
				operation,
				backupDirectory,
				file: join(place, '.env'),
				destination: join(place, 'restored.env'),
				simplify: false,
				...parameters,
			},
			onError: 'continueErrorOutput',
		});
		expect(await describeTree(outside)).toEqual(before);
		expect(outputs[0]!.filter(({ json }) => json.name === artifact && json.manifest)).toEqual([]);
	});
});
