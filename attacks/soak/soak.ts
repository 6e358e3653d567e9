import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { keptByRules, mustStay } from '../retention/model.ts';
import { type PostgresSource, postgresWith, type RedisSource, redisWith, someRows } from '../servers.ts';
import type { Morning, Night, Setting, Usage } from './night.ts';

const run = promisify(execFile);

/** After so many nights everything is loaded. */
const warmNights = 4;
/** What one night takes is chance; the least of so many in a row is what is held. */
const someNights = 4;
/** What the same work takes now more, now less. A thread that waits for its next job, for ten seconds, has descriptors of its own. */
const tolerance: Usage = {
	megabytes: 30,
	'resident megabytes': 200,
	descriptors: 40,
	sockets: 4,
	threads: 8,
};
/**
 * The allocator of glibc keeps what threads that are lent again and again have given back: 620 MB after 56 nights, of
 * which `malloc_trim` left 215. So told, it gives back at once, and what grows then is held by somebody.
 */
const givingBack = {
	MALLOC_ARENA_MAX: '1',
	MALLOC_MMAP_THRESHOLD_: '65536',
	MALLOC_TRIM_THRESHOLD_: '65536',
};
const dayMs = 86_400_000;
const zones = [
	'utc',
	'America/New_York',
	'Europe/Berlin',
	'Africa/Cairo',
	'America/Havana',
	'Australia/Lord_Howe',
];

/** One night after the other in one process. */
export const soak: Attack[] = [
	{
		promise: 'kept',
		fault:
			'one night after the other in one process, under pgbench and redis-benchmark, over changes of clock and zone: what stays, and what grows',
		faults: { whole: 1000, short: 12 },
		open: async (scratch) => await open(scratch),
	},
];

async function open(scratch: string): Promise<Arena> {
	const [postgres, redis] = [await postgresWith(someRows), await redisWith(100)];
	await postgres.server.client('pgbench', ['--initialize', '--quiet', '--scale', '1'], { database: 'n8n' });
	const root = join(scratch, 'backups');
	const folder = join(scratch, 'data');
	const file = join(scratch, '.env');
	await Promise.all([mkdir(root), mkdir(folder)]);
	await writeFile(file, 'N8N_ENCRYPTION_KEY=of-the-attack\n');
	await writeFile(join(folder, 'config'), '{}');
	const { host, port, user, password } = postgres.server;
	const tls = { mode: 'disable', verifyCertificate: true } as const;
	const child = fork(join(process.cwd(), 'attacks', 'soak', 'nightsProcess.ts'), {
		serialization: 'advanced',
		env: { ...process.env, ...givingBack },
		execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
	});
	child.send({
		...{ root, folder, file },
		postgres: { host, port, user, password, database: 'n8n', tls },
		redis: { host: redis.server.host, port: redis.server.port, password: redis.server.password },
	} satisfies Setting);
	let nights = 0;
	const usages: Usage[] = [];
	return {
		async strike(random: Random) {
			nights += 1;
			// At two in the morning, give or take, from a year's end over every change of the clocks.
			const now = new Date(Date.UTC(2026, 11, 28, 2) + nights * dayMs + random.below(7_200_000));
			await writeFile(join(folder, `file-${nights % 20}`), random.bytes(random.below(5000)));
			const night = { now, timeZone: random.pick(zones) };
			const [{ catalog, asked, usage }] = await Promise.all([pass(child, night), load(postgres, redis)]);
			const expected = new Set([...mustStay(catalog, asked), ...keptByRules(catalog, asked)]);
			await assertOnlyThese(
				root,
				[...expected].map(({ path }) => path),
			);
			usages.push(usage);
			assertFlat(usages);
			return true;
		},
		async [Symbol.asyncDispose]() {
			child.kill();
			await Promise.all([postgres[Symbol.asyncDispose](), redis[Symbol.asyncDispose]()]);
		},
	};
}

/** Others who work with both servers meanwhile. */
async function load({ server }: PostgresSource, redis: RedisSource): Promise<void> {
	const { host, port, password = '' } = redis.server;
	const login = ['-h', host, '-p', String(port), '-a', password];
	const amount = ['-c', '2', '-n', '500', '-r', '200', '-t', 'set,incr', '-q'];
	await Promise.all([
		server.client('pgbench', ['--no-vacuum', '--client', '2', '--transactions', '50'], { database: 'n8n' }),
		run('redis-benchmark', [...login, ...amount]),
	]);
}

async function pass(child: ChildProcess, night: Night): Promise<Morning> {
	child.send(night);
	const [answer] = (await once(child, 'message')) as [Morning | { error: string }];
	if ('error' in answer) throw new Error(answer.error);
	return answer;
}

/** What lies in the directory is what the plain model keeps. */
async function assertOnlyThese(root: string, paths: readonly string[]): Promise<void> {
	const found: string[] = [];
	for (const component of await readdir(root)) {
		for (const name of await readdir(join(root, component))) {
			if (!name.endsWith('.manifest.json')) found.push(join(root, component, name));
		}
	}
	const lost = paths.filter((path) => !found.includes(path));
	assertKept(lost.length === 0, `Deleted, though it is to be kept: ${lost.join(', ')}`);
	const stray = found.filter((path) => !paths.includes(path));
	assertKept(stray.length === 0, `There, though it is to be gone: ${stray.join(', ')}`);
}

function assertFlat(usages: readonly Usage[]): void {
	const first = usages.slice(warmNights, warmNights + someNights);
	if (usages.length < warmNights + 2 * someNights) return;
	const [before, now] = [leastOf(first), leastOf(usages.slice(-someNights))];
	for (const what of Object.keys(tolerance) as Array<keyof Usage>) {
		const more = now[what] - before[what];
		assertKept(more <= tolerance[what], `It has ${more.toFixed(0)} ${what} more than in the first nights`);
	}
}

function leastOf(usages: readonly Usage[]): Usage {
	return usages.reduce((least, usage) => ({
		megabytes: Math.min(least.megabytes, usage.megabytes),
		'resident megabytes': Math.min(least['resident megabytes'], usage['resident megabytes']),
		descriptors: Math.min(least.descriptors, usage.descriptors),
		sockets: Math.min(least.sockets, usage.sockets),
		threads: Math.min(least.threads, usage.threads),
	}));
}
