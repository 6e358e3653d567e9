import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NodeEngine, type NodeToRun } from '../../lab/nodeEngine/nodeEngine.ts';
import type { Random } from '../../lab/random.ts';
import { backupName, writeBackups } from '../crash/writeBackups.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { credentialsFor, postgresWith, redisWith, someRows } from '../servers.ts';

/** Workers of an n8n in queue mode: containers of their own with one backup directory. Needs root. */
export const twoWorkers: Attack[] = [
	{
		promise: 'whole',
		fault:
			'the same night by two workers at once, in containers of their own, into one directory: backed up, copied off-site and pruned',
		faults: { whole: 60, short: 0 },
		open: async (scratch) => await open(scratch),
	},
];

/** What the slower one of two may say: a prune of the other one was there first. */
const isBusy = /changed while old backups were being pruned|was deleted while backups were being copied/;

/** Of old copies of a file, the newest of which has to stay. */
const oldNights = 5;

async function open(scratch: string): Promise<Arena> {
	await using started = new AsyncDisposableStack();
	const root = join(scratch, 'backups');
	const copies = join(scratch, 'copies');
	const folder = join(scratch, 'folder');
	await mkdir(folder);
	await writeFile(join(folder, '.env'), `N8N_ENCRYPTION_KEY=of-the-attack\n${'# much ado\n'.repeat(20_000)}`);
	const postgres = started.use(await postgresWith(someRows));
	const redis = started.use(await redisWith(2000));
	const credentials = credentialsFor(postgres, redis);
	const night: Array<Pick<NodeToRun, 'node' | 'parameters'>> = [
		{ node: 'postgresBackup', parameters: { operation: 'backUp' } },
		{ node: 'redisSnapshot', parameters: { operation: 'takeSnapshot' } },
		{ node: 'volumeArchive', parameters: { operation: 'archive', directory: folder } },
		{ node: 'volumeArchive', parameters: { operation: 'copyFile', file: join(folder, '.env') } },
		{ node: 'offSiteCopy', parameters: { operation: 'copy', destination: 'directory', path: copies } },
		{ node: 'pruneBackups', parameters: { operation: 'prune', keepDays: 1, keepLast: 1, dryRun: false } },
	];
	const workers = await Promise.all(
		['worker-1', 'worker-2'].map(async (hostname) => {
			// In queue mode they share n8n's key, and with it what tells this n8n from others.
			const userFolder = join(scratch, hostname);
			await mkdir(userFolder);
			const environment = { N8N_RESTRICT_FILE_ACCESS_TO: scratch };
			return await NodeEngine.start({ core: 'newest', userFolder, hostname, environment });
		}),
	);
	for (const worker of workers) started.defer(async () => await worker.stop());
	const ended = started.move();
	return {
		async strike(random: Random) {
			await rm(root, { recursive: true, force: true });
			await rm(copies, { recursive: true, force: true });
			await Promise.all([mkdir(root), mkdir(copies)]);
			await writeBackups(root, oldNights);
			const begin = workers.map(() => random.below(2) * random.below(400));
			const said = await Promise.all(
				workers.map(async (worker, index) => {
					await wait(begin[index]);
					const failures: string[] = [];
					for (const step of night) {
						const parameters = { backupDirectory: root, ...step.parameters };
						const { error } = await worker.run({ node: step.node, credentials, parameters });
						if (error && !isBusy.test(error.message)) failures.push(`${step.node}: ${error.message}`);
					}
					return failures;
				}),
			);
			assertKept(said.flat().length === 0, `A worker’s night fails: ${said.flat().join(' ')}`);
			for (const component of ['postgres', 'redis', 'n8n', 'env']) {
				const whole = await judgeDirectory(join(root, component));
				const ofToday = whole.filter((name) => component !== 'env' || name > backupName(0));
				assertKept(
					ofToday.length === workers.length,
					`Of ${workers.length} nights there are ${ofToday.length} backups: ${component}`,
				);
			}
			return true;
		},
		[Symbol.asyncDispose]: async () => await ended.disposeAsync(),
	};
}
