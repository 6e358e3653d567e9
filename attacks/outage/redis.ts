import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startCommand } from '../../lab/command.ts';
import { eventually } from '../../lab/eventually.ts';
import { mountTmpfs } from '../../lab/mounts.ts';
import type { Random } from '../../lab/random.ts';
import { childrenOf, killIfThere } from '../../lab/servers/processChildren.ts';
import { type RedisOptions, type RedisServer, startRedis } from '../../lab/servers/redis.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { inTime } from '../judges/inTime.ts';
import { summaryOf } from '../judges/summaryOf.ts';
import { redisWith } from '../servers.ts';

/** A server in trouble, or with rules that are in the way. */
interface Trouble {
	options?: RedisOptions;
	/** For `n8n-backup`. */
	args?: string[];
	/** Before the snapshot begins. */
	before?(server: RedisServer): Promise<AsyncDisposable | undefined>;
	/** At any moment of it. @returns whether the server is still there */
	during?(server: RedisServer): Promise<boolean>;
}

const troubles: Array<(random: Random, scratch: string) => Trouble> = [
	killed,
	loading,
	full,
	renamed,
	forbidden,
];

/** Redis in trouble while it is saved. */
export const redisOutages: Attack[] = [
	{
		promise: 'whole',
		fault:
			'Redis killed, or its fork; loading; with its disk full; with commands renamed or forbidden, while it is saved',
		faults: { whole: 200, short: 1 },
		open,
	},
];

const keys = 20_000;
const mostSeconds = 60;
const password = 'of-the-attack';
/** In milliseconds from its start, about, when a snapshot ends. */
const mostMomentMs = 1500;
/** Lets a snapshot take as long as something needs to happen to it. */
const slowly = { 'rdb-key-save-delay': '50' };

async function open(scratch: string): Promise<Arena> {
	const template = join(scratch, 'template.rdb');
	await using source = await redisWith(keys);
	await source.server.cli('SAVE');
	await copyFile(join(source.server.dir, 'dump.rdb'), template);
	const everything = await summaryOf(template);
	const root = join(scratch, 'backups');
	const dir = join(scratch, 'redis');
	return {
		async strike(random) {
			for (const path of [root, dir]) await rm(path, { recursive: true, force: true });
			await Promise.all([mkdir(root), mkdir(dir)]);
			await copyFile(template, join(dir, 'dump.rdb'));
			const trouble = random.pick(troubles)(random, scratch);
			const { args = [], options, before, during } = trouble;
			const server = await startRedis({ password, rdb: { dir, file: 'dump.rdb' }, ...options });
			let isThere = true;
			try {
				await using _ = await before?.(server);
				const place = ['--host', server.host, '--port', String(server.port), ...args];
				const run = startCommand(['create', 'redis', '--directory', root, ...place], {
					REDISCLI_AUTH: password,
				});
				await Promise.race([run.ended, wait(random.below(mostMomentMs))]);
				isThere = (await during?.(server)) ?? true;
				const { exitCode, stderr } = await inTime(run, mostSeconds);
				await judge(join(root, 'redis'), { exitCode, stderr, everything });
				if (isThere) await assertLeftAlone(server);
				return true;
			} finally {
				await (isThere ? server.stop() : server.kill());
			}
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

interface Outcome {
	exitCode: number;
	stderr: string;
	everything: string;
}

async function judge(directory: string, { exitCode, stderr, everything }: Outcome): Promise<void> {
	const whole = await judgeDirectory(directory);
	assertKept(
		whole.length === (exitCode === 0 ? 1 : 0),
		`It ends with ${exitCode}, and there are ${whole.length}: ${stderr}`,
	);
	const isSaid = exitCode === 0 || (stderr.startsWith('✗ ') && !/\n\s+at /.test(stderr));
	assertKept(isSaid, `It fails without a word: ${stderr}`);
	for (const name of whole) {
		const found = await summaryOf(join(directory, name));
		assertKept(found === everything, `It succeeds, and there are ${found} of ${everything}`);
	}
}

/** Nobody follows it any more, and it follows nobody. */
async function assertLeftAlone(server: RedisServer): Promise<void> {
	await eventually(async () => {
		const role = (await server.cli('ROLE')).split('\n').filter((line) => line !== '');
		const isAlone = role[0] === 'master' && role.length === 2;
		assertKept(isAlone, `The server is not left as it was: ${role.join(' ')}`);
	});
}

function killed(random: Random): Trouble {
	const isFork = random.below(2) === 0;
	return {
		options: { config: slowly },
		async during({ pid }) {
			if (isFork) (await childrenOf(pid)).forEach(killIfThere);
			else killIfThere(pid);
			return isFork;
		},
	};
}

function loading(): Trouble {
	return {
		options: { config: { 'enable-debug-command': 'yes' } },
		async during(server) {
			await server.cli('CONFIG', 'SET', 'key-load-delay', '30');
			// It answers when all is loaded, or not at all while it saves.
			server.cli('DEBUG', 'RELOAD').catch(() => {});
			return true;
		},
	};
}

/** Has less room than an RDB takes, or little more; and may send it without a disk, or not. */
function full(random: Random, scratch: string): Trouble {
	const bytes = 4096 + random.below(1_500_000);
	const diskless = random.pick(['yes', 'no']);
	const disk = join(scratch, 'disk');
	return {
		options: {
			config: {
				'enable-protected-configs': 'yes',
				'repl-diskless-sync': diskless,
				'repl-diskless-sync-delay': '0',
			},
		},
		async before(server) {
			await mkdir(disk, { recursive: true });
			const mounted = await mountTmpfs(disk, bytes);
			await server.cli('CONFIG', 'SET', 'dir', disk);
			return {
				async [Symbol.asyncDispose]() {
					await server.cli('CONFIG', 'SET', 'dir', server.dir);
					await mounted[Symbol.asyncDispose]();
				},
			};
		},
	};
}

const commands = ['SYNC', 'PSYNC', 'REPLCONF', 'INFO', 'CONFIG', 'CLIENT', 'REPLICAOF', 'SLAVEOF'];

function someOf(names: readonly string[], random: Random): string[] {
	return names.filter(() => random.below(3) === 0);
}

function renamed(random: Random): Trouble {
	const lines = someOf(commands, random).map((name) => [
		`rename-command ${name}`,
		random.pick(['""', `of-the-house-${name}`]),
	]);
	return { options: { config: Object.fromEntries(lines) as Record<string, string> } };
}

function forbidden(random: Random): Trouble {
	const rules = someOf([...commands, 'PING', 'ROLE', 'SELECT'], random).map(
		(name) => `-${name.toLowerCase()}`,
	);
	return {
		options: { users: [`backup on >${password} ~* &* +@all ${rules.join(' ')}`] },
		args: ['--user', 'backup'],
	};
}
