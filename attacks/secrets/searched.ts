import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { command, startCommand } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { startPostgres } from '../../lab/servers/postgres.ts';
import { startRedis } from '../../lab/servers/redis.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';

const run = promisify(execFile);

/** How often the processes are looked at. */
const lookEveryMs = 15;

/** Everything is done with marked secrets, well and badly; then they are searched for. */
export const searchedSecrets: Attack[] = [
	{
		promise: 'secret',
		fault:
			'marked passwords and keys, with right and wrong servers: searched for in output, files and lists of processes',
		faults: { whole: 400, short: 12 },
		open: async (scratch) => await open(scratch),
	},
];

/** Secrets by what they are, each a word that stands nowhere else. */
type Secrets = Record<string, string>;

interface Ground {
	root: string;
	/** A run and its environment, of every kind that knows a secret. */
	works: Array<{ args: string[]; env: NodeJS.ProcessEnv }>;
	secrets: Secrets;
	end(): Promise<void>;
}

async function open(scratch: string): Promise<Arena> {
	const ground = await prepare(scratch);
	return {
		async strike(random: Random) {
			if (random.below(10) === 0) await empty(ground.root);
			const { args, env } = random.pick(ground.works);
			const { output, seen } = await watch([...args, '--directory', ground.root], spoiled(env, random));
			for (const [what, secret] of Object.entries(ground.secrets)) {
				assertKept(!output.includes(secret), `The output of “${args.join(' ')}” holds ${what}`);
				assertKept(!seen.includes(secret), `The list of processes of “${args.join(' ')}” holds ${what}`);
				const files = await filesWith(secret, ground.root);
				assertKept(files === '', `After “${args.join(' ')}” ${what} is in ${files}`);
			}
			return true;
		},
		[Symbol.asyncDispose]: async () => await ground.end(),
	};
}

async function empty(directory: string): Promise<void> {
	await rm(directory, { recursive: true, force: true });
	await mkdir(directory);
}

/** Most runs are as they should be; of the others a server, a password or a key is wrong. */
function spoiled(env: NodeJS.ProcessEnv, random: Random): NodeJS.ProcessEnv {
	const changes: NodeJS.ProcessEnv[] = [
		{},
		{},
		{ PGPORT: '1' },
		{ PGHOST: 'no.such.host.invalid' },
		{ PGUSER: 'nobody' },
		{ PGDATABASE: 'not there' },
		{ PGSSLMODE: 'verify-full' },
		{ REDIS_PORT: '1' },
		{ AWS_REGION: 'nowhere' },
	];
	return {
		...env,
		...random.pick(changes),
		...(random.below(2) === 0 && { DEBUG: '*', NODE_DEBUG: 'net,http,tls' }),
	};
}

/** Runs a command, and looks at all processes that it has started meanwhile. */
async function watch(args: string[], env: NodeJS.ProcessEnv): Promise<{ output: string; seen: string }> {
	const { child, ended } = startCommand(args, env);
	const seen = new Set<string>();
	let isOver = false;
	const looking = (async () => {
		while (!isOver) {
			for (const line of await commandLines(child.pid!)) seen.add(line);
			await wait(lookEveryMs);
		}
	})();
	const { stdout, stderr } = await ended;
	isOver = true;
	await looking;
	return { output: `${stdout}${stderr}`, seen: [...seen].join('\n') };
}

/** Of a process and what it has started. */
async function commandLines(pid: number): Promise<string[]> {
	const own = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
	const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
	const below = await Promise.all(
		children
			.split(' ')
			.filter(Boolean)
			.map(async (id) => await commandLines(Number(id))),
	);
	return [own, ...below.flat()];
}

/** Names of the files that hold it, as grep sees them: of what is not compressed, and of what is. */
async function filesWith(secret: string, root: string): Promise<string> {
	const script = `grep -rlF -- "$SECRET" .
		find . -name '*.gz' | while read -r file; do gzip -dc "$file" | grep -qF -- "$SECRET" && echo "$file"; done
		true`;
	const env = { ...process.env, SECRET: secret };
	const { stdout } = await run('sh', ['-c', script], { cwd: root, env });
	return stdout.trim();
}

async function prepare(scratch: string): Promise<Ground> {
	const root = join(scratch, 'backups');
	await mkdir(root);
	const [postgres, redis] = [
		await startPostgres(),
		await startRedis({ password: 'REDIS-MARK-of-the-attack' }),
	];
	const keys = (await command(['keygen'])).stdout;
	const identity = /^AGE-SECRET-KEY-1\S+$/m.exec(keys)![0];
	const recipient = /age1\S+/.exec(keys)![0];
	const identityFile = join(scratch, 'identity');
	await writeFile(identityFile, keys);
	await writeFile(join(scratch, 'file'), 'a file');
	await postgres.query(`CREATE ROLE marked LOGIN SUPERUSER PASSWORD 'POSTGRES-MARK-of-the-attack'`);
	await postgres.createDatabase('n8n');
	await postgres.psql('CREATE TABLE workflow_entity AS SELECT 1 AS id', { database: 'n8n' });
	const env = {
		PGHOST: postgres.host,
		PGPORT: String(postgres.port),
		PGUSER: 'marked',
		PGPASSWORD: 'POSTGRES-MARK-of-the-attack',
		PGDATABASE: 'n8n',
		PGSSLMODE: 'disable',
		REDIS_HOST: redis.host,
		REDIS_PORT: String(redis.port),
		REDISCLI_AUTH: 'REDIS-MARK-of-the-attack',
		N8N_BACKUP_PASSPHRASE: 'PASSPHRASE-MARK-of-the-attack',
		AWS_ACCESS_KEY_ID: 'AKIAMARKMARKMARK',
		AWS_SECRET_ACCESS_KEY: 'S3-MARK-of-the-attack',
		AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
		AWS_REGION: 'us-east-1',
		N8N_ENCRYPTION_KEY: 'KEY-MARK-of-the-attack',
	};
	const seal = ['--recipient', recipient];
	const works = [
		['create', 'postgres'],
		['create', 'postgres', ...seal],
		['create', 'postgres', '--pg-dump', 'pg_dump'],
		['create', 'postgres', '--all-databases'],
		['create', 'redis'],
		['create', 'redis', '--passphrase'],
		['create', 'file', join(scratch, 'file'), '--passphrase'],
		['restore', 'postgres', 'newest', '--into', 'again', '--identity', identityFile],
		['drill', 'newest', '--server', '--identity', identityFile],
		['drill', 'newest', '--identity', identityFile],
		['verify', '--all', '--identity', identityFile],
		['copy', '--at', 's3://bucket/prefix'],
		['list'],
		['doctor'],
		['report'],
	].map((args) => ({ args, env }));
	return {
		root,
		works,
		secrets: {
			'the password of PostgreSQL': env.PGPASSWORD,
			'the password of Redis': env.REDISCLI_AUTH,
			'the passphrase': env.N8N_BACKUP_PASSPHRASE,
			'the secret key of S3': env.AWS_SECRET_ACCESS_KEY,
			'the identity': identity,
			'n8n’s key': env.N8N_ENCRYPTION_KEY,
		},
		async end() {
			await Promise.all([postgres.stop(), redis.stop()]);
			await rm(root, { recursive: true, force: true });
		},
	};
}
