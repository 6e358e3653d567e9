import { appendFile, rm, writeFile } from 'node:fs/promises';
import { findFaults, formatTree, listBackups } from '../../scripts/demo/artifacts.ts';
import { manifestPath } from '../../core/artifact';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();

/** One good artifact of each component; returns their paths in that order. */
async function writeNight(): Promise<string[]> {
	const stamp = '20261123_020000';
	const paths: string[] = [];
	for (const component of ['postgres', 'redis', 'n8n', 'env'] as const) {
		paths.push(await writeBackup(directory.path(), { component, prefix: component, stamp }));
	}
	return paths;
}

const faults = async () => findFaults(await listBackups(directory.path()));

test('a night with every component and true checksums has no faults', async () => {
	await writeNight();
	expect(await faults()).toEqual([]);
});

test('an empty directory lacks every component', async () => {
	expect(await faults()).toEqual([
		'postgres: no good artifact',
		'redis: no good artifact',
		'n8n: no good artifact',
		'env: no good artifact',
	]);
});

test('one byte too many is found', async () => {
	const [, redis = ''] = await writeNight();
	await appendFile(redis, 'x');
	expect(await faults()).toEqual(['redis: no good artifact', 'redis/redis_20261123_020000.sql.gz: differs']);
});

test('an artifact without its manifest is no good one', async () => {
	const paths = await writeNight();
	await rm(manifestPath(paths[3]!));
	expect(await faults()).toEqual(['env: no good artifact', 'env/env_20261123_020000.sql.gz: no manifest']);
});

test('an unfinished file is shown and is a fault', async () => {
	await writeNight();
	await writeFile(directory.path('postgres', '.n8n_20261124_020000.sql.gz.partial'), 'half');
	expect(await faults()).toEqual(['postgres/.n8n_20261124_020000.sql.gz.partial: no manifest']);
});

test('the tree names every file with its size and proof', async () => {
	await writeNight();
	const tree = formatTree('/backups', await listBackups(directory.path()));
	const line = tree.split('\n').find((text) => text.includes('redis_20261123_020000.sql.gz '));
	expect(line).toMatch(/^│ {3}├── redis_20261123_020000\.sql\.gz +\d+ B {3}SHA-256 holds$/);
	expect(tree).toMatch(/^\/backups\n├── postgres\/\n/);
	expect(tree).toMatch(/└── env\/\n {4}├── .*\n {4}└── env_20261123_020000\.sql\.gz\.manifest\.json +\d+ B$/);
});
