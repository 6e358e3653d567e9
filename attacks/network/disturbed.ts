import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startCommand } from '../../lab/command.ts';
import { type Disturbance, startProxy } from '../../lab/servers/disturbingProxy.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { judgeDirectory } from '../judges/backupDirectory.ts';
import { inTime } from '../judges/inTime.ts';
import { summaryOf } from '../judges/summaryOf.ts';
import { postgresWith, redisWith, someMegabytes } from '../servers.ts';
import { anyDisturbance } from './anyDisturbance.ts';

/** Silence after which the command is to ask, or give up. */
const idleSeconds = 3;
/** A run that ends later than this waited for something that has no time-out. */
const mostSeconds = 90;

/** What a backup is made of, at the other end of a network that fails. */
interface Remote extends AsyncDisposable {
	component: string;
	port: number;
	/** @param port of the way that goes through the proxy */
	args(port: number): string[];
	env: NodeJS.ProcessEnv;
}

interface Options {
	connect: () => Promise<Remote>;
	/** Bytes of a whole backup on the wire, about. */
	bytes: number;
	kinds: ReadonlyArray<Disturbance['kind']>;
}

const disturbed = (work: string, options: Options): Attack => ({
	promise: 'whole',
	fault: `${options.kinds.join(', ')} of the connection while ${work}`,
	faults: { whole: 200, short: 1 },
	open: async (scratch) => await open(scratch, options),
});

/** Networks that fail while a backup is made. Over plain TCP nothing tells of a bit that is another. */
export const disturbedBackups: Attack[] = [
	disturbed('a database is dumped', {
		connect: async () => await dump('disable'),
		bytes: 9_000_000,
		kinds: ['cut', 'stall', 'slow'],
	}),
	disturbed('a database is dumped by TLS', {
		connect: async () => await dump('require'),
		bytes: 9_000_000,
		kinds: ['cut', 'stall', 'slow', 'corrupt'],
	}),
	disturbed('Redis is saved', {
		connect: snapshot,
		bytes: 2_500_000,
		kinds: ['cut', 'stall', 'slow', 'corrupt'],
	}),
];

async function dump(sslmode: 'disable' | 'require'): Promise<Remote> {
	const {
		server,
		env,
		[Symbol.asyncDispose]: end,
	} = await postgresWith(someMegabytes, { tls: sslmode === 'require' });
	const idle = ['--idle-timeout', String(idleSeconds)];
	return {
		component: 'postgres',
		port: server.port,
		args: (port) => ['create', 'postgres', '--database', 'n8n', '--port', String(port), ...idle],
		env: { ...env, PGSSLMODE: sslmode },
		[Symbol.asyncDispose]: end,
	};
}

async function snapshot(): Promise<Remote> {
	const { server, env, [Symbol.asyncDispose]: end } = await redisWith(20_000);
	return {
		component: 'redis',
		port: server.port,
		args: (port) => ['create', 'redis', '--host', server.host, '--port', String(port)],
		env,
		[Symbol.asyncDispose]: end,
	};
}

async function open(scratch: string, options: Options): Promise<Arena> {
	const remote = await options.connect();
	return await endingOnFailure(remote, async () => await openFor(remote, scratch, options));
}

async function openFor(remote: Remote, scratch: string, { bytes, kinds }: Options): Promise<Arena> {
	const proxy = await startProxy(remote.port);
	const root = join(scratch, 'backups');
	const directory = join(root, remote.component);
	const backUp = async () => {
		await rm(root, { recursive: true, force: true });
		await mkdir(root);
		const started = startCommand([...remote.args(proxy.port), '--directory', root], remote.env);
		const run = await inTime(started, mostSeconds);
		return { ...run, whole: await judgeDirectory(directory) };
	};
	const undisturbed = await backUp();
	const everything = await summaryOf(join(directory, undisturbed.whole[0]!));
	return {
		async strike(random) {
			proxy.disturb(anyDisturbance(kinds, bytes, random));
			const { exitCode, stderr, whole } = await backUp();
			if (exitCode === 0) {
				assertKept(whole.length === 1, 'It succeeds, and there is no backup');
				const found = await summaryOf(join(directory, whole[0]!));
				assertKept(found === everything, 'It succeeds, and something is missing in the backup');
			} else {
				assertKept(whole.length === 0, `It fails, and yet there is ${whole.join(', ')}`);
				assertKept(stderr.includes('✗ ') && !/\n\s+at /.test(stderr), `It fails without a word: ${stderr}`);
			}
			return proxy.hasDisturbed;
		},
		async [Symbol.asyncDispose]() {
			await proxy.stop();
			await remote[Symbol.asyncDispose]();
		},
	};
}
