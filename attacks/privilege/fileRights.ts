import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { NodeEngine, type NodeToRun } from '../../lab/nodeEngine/nodeEngine.ts';
import type { Random } from '../../lab/random.ts';
import { backupName, writeBackups } from '../crash/writeBackups.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { credentialsFor, postgresWith, redisWith, someRows } from '../servers.ts';

const run = promisify(execFile);

/** n8n as its image runs it: as a user of its own who may see one folder only; then with one right less. Needs root. */
export const fileRights: Attack[] = [
	{
		promise: 'whole',
		fault:
			'n8n as the user 1000, who may reach one folder, with one right to its files less: what lacks it is red and says so',
		faults: { whole: 100, short: 4 },
		open: async (scratch) => await open(scratch),
	},
];

const nobodyElse = 1000;

type Step = 'postgres' | 'redis' | 'n8n' | 'env' | 'prune';

/** The folders and files of a night, and where they can be taken from n8n. */
interface Places {
	backups: string;
	folder: string;
	file: string;
	/** Where n8n may not reach. */
	outside: string;
}

interface Loss {
	what: string;
	take(places: Places): Promise<void>;
	/** Parameters that lead elsewhere. */
	instead?: (places: Places) => { backups?: string; folder?: string; file?: string };
	/** What is red then. */
	red: readonly Step[];
	/** Of its error: what cannot be reached, and that it is a matter of rights. */
	said: (places: Places) => RegExp;
}

const everything: readonly Step[] = ['postgres', 'redis', 'n8n', 'env', 'prune'];
const takenBy = async (path: string, mode: number) => {
	await chown(path, 0, 0);
	await chmod(path, mode);
};
const noMatter = async () => {};
const mayNot = (path: string) =>
	new RegExp(`n8n is not permitted to (?:use|read) ${path}.* Give the user that n8n runs as`);
const restricted = (path: string) =>
	new RegExp(`n8n does not allow nodes to use ${path}. Add it to N8N_RESTRICT_FILE_ACCESS_TO`);

const losses: readonly Loss[] = [
	{ what: 'nothing', take: noMatter, red: [], said: () => /./ },
	{
		what: 'writing into the backup directory',
		take: async ({ backups }) => await takenBy(backups, 0o755),
		red: ['postgres', 'redis', 'n8n'],
		said: ({ backups }) => mayNot(backups),
	},
	{
		what: 'writing beside older backups',
		take: async ({ backups }) => await takenBy(join(backups, 'env'), 0o755),
		red: ['env', 'prune'],
		said: ({ backups }) => mayNot(join(backups, 'env')),
	},
	{
		what: 'reading the backup directory',
		take: async ({ backups }) => await takenBy(backups, 0o700),
		red: everything,
		said: ({ backups }) => mayNot(backups),
	},
	{
		what: 'reading the folder',
		take: async ({ folder }) => await takenBy(folder, 0o700),
		red: ['n8n'],
		said: ({ folder }) => mayNot(folder),
	},
	{
		what: 'reading one file of the folder',
		take: async ({ folder }) => await takenBy(join(folder, 'config'), 0o600),
		red: ['n8n'],
		said: ({ folder }) => mayNot(join(folder, 'config')),
	},
	{
		what: 'reading the file',
		take: async ({ file }) => await takenBy(file, 0o600),
		red: ['env'],
		said: ({ file }) => mayNot(file),
	},
	{
		what: 'a backup directory that n8n may reach',
		take: noMatter,
		instead: ({ outside }) => ({ backups: outside }),
		red: everything,
		said: ({ outside }) => restricted(outside),
	},
	{
		what: 'a folder that n8n may reach',
		take: noMatter,
		instead: ({ outside }) => ({ folder: outside }),
		red: ['n8n'],
		said: ({ outside }) => restricted(outside),
	},
	{
		what: 'a file that n8n may reach',
		take: noMatter,
		instead: ({ outside }) => ({ file: join(outside, '.env') }),
		red: ['env'],
		said: ({ outside }) => restricted(join(outside, '.env')),
	},
];

async function open(scratch: string): Promise<Arena> {
	await using started = new AsyncDisposableStack();
	const allowed = join(scratch, 'allowed');
	const places = {
		backups: join(allowed, 'backups'),
		folder: join(allowed, 'folder'),
		file: join(allowed, '.env'),
		outside: join(scratch, 'outside'),
	};
	const userFolder = join(scratch, 'user');
	await chmod(scratch, 0o755);
	await mkdir(userFolder);
	await chown(userFolder, nobodyElse, nobodyElse);
	const postgres = started.use(await postgresWith(someRows));
	const redis = started.use(await redisWith(50));
	const credentials = credentialsFor(postgres, redis);
	const environment = { N8N_RESTRICT_FILE_ACCESS_TO: allowed };
	const engine = await NodeEngine.start({ core: 'newest', userFolder, environment, uid: nobodyElse });
	started.defer(async () => await engine.stop());
	const ended = started.move();
	return {
		async strike(random: Random) {
			await setOut(places);
			const { what, take, instead, red, said } = random.pick(losses);
			await take(places);
			const night = nightOf({ ...places, ...instead?.(places) });
			for (const step of everything) {
				const { error } = await engine.run({ ...night[step], credentials });
				const words = error && `${error.message} ${error.description ?? ''}`;
				if (!red.includes(step)) {
					assertKept(words === undefined, `${step} fails without ${what}: ${words}`);
				} else {
					assertKept(words !== undefined, `${step} succeeds without ${what}`);
					assertKept(said(places).test(words), `${step} fails without ${what}, and says only: ${words}`);
				}
				if (step === 'prune') continue;
				const whole = await judgeDirectory(join(places.backups, step)).catch(() => []);
				const isThere = step === 'env' ? whole.some((name) => name > backupName(0)) : whole.length === 1;
				assertKept(
					isThere !== red.includes(step),
					`${step} without ${what}: ${whole.join(', ') || 'no backup'}`,
				);
			}
			return true;
		},
		[Symbol.asyncDispose]: async () => await ended.disposeAsync(),
	};
}

/** All of it is that user's. */
async function setOut({ backups, folder, file, outside }: Places): Promise<void> {
	for (const path of [dirname(backups), outside]) {
		await rm(path, { recursive: true, force: true });
		await mkdir(path);
	}
	await Promise.all([mkdir(backups), mkdir(folder)]);
	const files = [join(folder, 'config'), join(folder, 'other'), file, join(outside, '.env')];
	for (const path of files) await writeFile(path, 'N8N_ENCRYPTION_KEY=of-the-attack\n');
	await writeBackups(backups, 3);
	await run('chown', ['-R', `${nobodyElse}:${nobodyElse}`, dirname(backups), outside]);
}

function nightOf({ backups, folder, file }: Places): Record<Step, Pick<NodeToRun, 'node' | 'parameters'>> {
	const to = (node: string, parameters: Record<string, unknown>) => ({
		node,
		parameters: { backupDirectory: backups, ...parameters },
	});
	return {
		postgres: to('postgresBackup', { operation: 'backUp' }),
		redis: to('redisSnapshot', { operation: 'takeSnapshot' }),
		n8n: to('volumeArchive', { operation: 'archive', directory: folder }),
		env: to('volumeArchive', { operation: 'copyFile', file }),
		prune: to('pruneBackups', { operation: 'prune', keepDays: 1, keepLast: 1, dryRun: false }),
	};
}
