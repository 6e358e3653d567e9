import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Editor } from '../../lab/n8n/editor.ts';
import {
	createCredentials,
	createS3Credential,
	manualTrigger,
	nightlyBackup,
	withEncryption,
	withOffSite,
} from '../../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import { startN8n } from '../../lab/n8n/startN8n.ts';
import { seedN8n } from '../../lab/seed/n8nData.ts';
import { seedRedis } from '../../lab/seed/redisQueue.ts';
import { libpqEnvironment } from '../../lab/servers/environments';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres.ts';
import { type RedisServer, startRedis } from '../../lab/servers/redis.ts';
import { type SwiftServer, startSwift } from '../../lab/servers/swift.ts';
import { ageKeygen } from '../support/age';
import { command } from '../../lab/command';
import { callingWorkflow, storedSecret } from './support/callingWorkflow';
import { type HttpReceiver, startReceiver } from './support/httpReceiver';
import { describeRows } from './support/rows';
import { describeTree } from '../support/describeTree';

jest.setTimeout(300_000);

/** What has to survive, taken before everything is destroyed. */
interface Before {
	rows: Awaited<ReturnType<typeof describeRows>>;
	keys: string;
	tree: Record<string, string>;
	env: string;
	compose: string;
	/** The workflow that needs a credential to do its work. */
	workflowId: string;
}

const cleanUps: Array<() => Promise<void>> = [];
let receiver: HttpReceiver;
/** All that is left in the end: a bucket, the keys to it, and the identity that a person has kept. */
let swift: SwiftServer;
const keys = ageKeygen();
const identity = () => ['--identity', join(project, 'kept.key')];
let stack: Stack;
let before: Before;
/** The new machine: a project directory with nothing in it, and empty servers. */
let project: string;
let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
	receiver = await startReceiver();
	cleanUps.push(() => receiver.stop());
	swift = await startSwift();
	cleanUps.push(() => swift.stop());
	stack = await startStack();
	cleanUps.push(() => stack.stop());
	const workflowId = await fillN8n();
	await backUp();
	before = {
		rows: await describeRows(stack.postgres, 'n8n'),
		keys: await stack.redis.cli('DEBUG', 'DIGEST'),
		tree: await describeTree(stack.n8nDataDirectory),
		env: await readFile(stack.envFile, 'utf8'),
		compose: await readFile(stack.composeFile, 'utf8'),
		workflowId,
	};
	await loseEverything();
	await setUpNewMachine();
}, 600_000);

afterAll(async () => {
	for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) await cleanUp();
});

/** Workflows, credentials, executions, and a workflow that shows a stored secret to whom it calls. */
async function fillN8n(): Promise<string> {
	const { editor, database } = stack;
	await seedN8n(editor, database, 300);
	await seedRedis(stack.redis, 500);
	const credential = await editor.createCredential('Receiver', 'httpQueryAuth', {
		name: 'key',
		value: storedSecret,
	});
	const { id } = await editor.createWorkflow(callingWorkflow(receiver.url('/called'), credential));
	return id;
}

/** One night: the shipped workflow, in the running n8n; then n8n is stopped, and saves its last execution. */
async function backUp(): Promise<void> {
	const { editor, n8n } = stack;
	const credential = await createS3Credential(stack, swift);
	// With the recipient alone: this n8n can write its backups and read none.
	const { recipient } = keys;
	const encryption = { readBy: 'recipients', recipients: recipient, identity: '', passphrase: '' };
	const age = await editor.createCredential('Backups', 'backupEncryptionAgeApi', encryption);
	const night = withEncryption(await nightlyBackup(stack, await createCredentials(stack)), age);
	const workflow = await editor.createWorkflow(
		withOffSite(night, { credential, bucket: swift.bucket, keyPrefix: 'of/n8n' }),
	);
	const { status, error } = await editor.run(workflow, manualTrigger);
	expect([status, error]).toEqual(['success', undefined]);
	await n8n.stop();
}

/** The database, the queue, the volume, the .env, the Compose file, the backups: all that is left is what the night copied away. */
async function loseEverything(): Promise<void> {
	project = join(stack.directory, 'new-machine');
	await mkdir(join(project, 'backups'), { recursive: true });
	await writeFile(join(project, 'kept.key'), `${keys.identity}\n`, { mode: 0o600 });
	await rm(stack.backupDirectory, { recursive: true });
	await stack.postgres.stop();
	await stack.redis.stop();
	await rm(stack.n8nDataDirectory, { recursive: true });
	await rm(stack.envFile);
	await rm(stack.composeFile);
}

async function setUpNewMachine(): Promise<void> {
	postgres = await startPostgres({ major: 17 });
	cleanUps.push(() => postgres.stop());
	redis = await startRedis();
	cleanUps.push(() => redis.stop());
	await mkdir(join(project, 'n8n'));
}

/** The command, as somebody runs it in the project's directory. */
async function run(...args: string[]): Promise<string> {
	const { exitCode, stdout, stderr } = await command(args, {
		N8N_BACKUP_DIRECTORY: join(project, 'backups'),
		AWS_ENDPOINT_URL: swift.endpoint,
		AWS_ACCESS_KEY_ID: swift.accessKeyId,
		AWS_SECRET_ACCESS_KEY: swift.secretAccessKey,
		...libpqEnvironment(postgres),
		REDIS_HOST: redis.host,
		REDIS_PORT: String(redis.port),
	});
	expect([exitCode, stderr]).toEqual([0, '']);
	return stdout;
}

const place = () => ['--at', `s3://${swift.bucket}/of/n8n`];

async function readEnv(): Promise<Record<string, string>> {
	const lines = (await readFile(join(project, '.env'), 'utf8')).split('\n');
	return Object.fromEntries(
		lines
			.filter((line) => /^\w+=/.test(line))
			.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
	);
}

/** Leaves out what the backup itself was still writing to while it ran: the record of its own execution. */
function withoutOwnExecution(rows: Before['rows']): Before['rows'] {
	const written = /^public\.(execution_|insights_|workflow_statistics)/;
	return Object.fromEntries(Object.entries(rows).filter(([table]) => !written.test(table)));
}

describe('after everything was lost, the command', () => {
	test('brings back the .env and the Compose file from the bucket, on a machine that has nothing', async () => {
		const restore = async (prefix: string, to: string) =>
			await run(
				...['restore', 'file', 'newest', '--prefix', prefix, '--to', join(project, to)],
				...[...place(), ...identity()],
			);
		await restore('env', '.env');
		await restore('compose', 'compose.yaml');
		expect(await readdir(join(project, 'backups'))).toEqual(['env']);
		expect(await readFile(join(project, '.env'), 'utf8')).toBe(before.env);
		expect(await readFile(join(project, 'compose.yaml'), 'utf8')).toBe(before.compose);
	});

	test('brings the newest of each kind from the bucket, and verifies it', async () => {
		expect(await run('fetch', ...place())).toMatch(/env_\d{8}_\d{6}\.backup\.age: already here$/m);
		expect(await run('verify', '--all', ...identity())).toContain('5 of 5 backups passed.');
	});

	test('checks in a drill that the stored credentials can be decrypted with the key in the backups', async () => {
		const report = JSON.parse(await run('drill', '--json', ...identity())) as { checks: unknown[] };
		expect(report.checks).toContainEqual({
			check: 'credential',
			result: 'passed',
			detail: expect.stringMatching(
				/^\d+ of \d+ stored credentials were decrypted with the key in env_/,
			) as string,
		});
	});

	test('brings back the database, in place of the empty one that the server began with', async () => {
		const { POSTGRES_PASSWORD: password } = await readEnv();
		await postgres.query(`CREATE ROLE n8n LOGIN PASSWORD '${password}'`);
		await postgres.createDatabase('n8n', 'OWNER n8n');
		const said = await run('restore', 'postgres', 'newest', '--replace', 'n8n', '--yes', ...identity());
		expect(said).toContain('Every table has the rows that were counted when it was backed up.');
		const rows = await describeRows(postgres, 'n8n');
		expect(Object.keys(rows)).toEqual(Object.keys(before.rows));
		expect(withoutOwnExecution(rows)).toEqual(withoutOwnExecution(before.rows));
		const [executions] = await postgres.query<{ count: number }>(
			`SELECT count(*)::int FROM execution_data JOIN execution_entity ON id = "executionId"
			WHERE "deduplicationKey" LIKE 'seed-%'`,
			{ database: 'n8n' },
		);
		expect(executions).toEqual({ count: 300 });
	});

	test('brings back the queue', async () => {
		await run('restore', 'redis', 'newest', '--yes', ...identity());
		expect(await redis.cli('DEBUG', 'DIGEST')).toBe(before.keys);
	});

	test('brings back n8n’s data, with the package in it', async () => {
		await run('restore', 'volume', 'newest', '--to', join(project, 'n8n', '.n8n'), ...identity());
		const tree = await describeTree(join(project, 'n8n', '.n8n'));
		const settled = (all: Record<string, string>) =>
			Object.fromEntries(Object.entries(all).filter(([path]) => !/\.log$|^crash|\.journal$/.test(path)));
		expect(settled(tree)).toEqual(settled(before.tree));
		expect(Object.keys(tree)).toContain('nodes/node_modules/n8n-nodes-backup/package.json');
	});
});

test('and n8n runs on it: the owner signs in, a workflow calls with its decrypted credential, and the nodes are there', async () => {
	const env = await readEnv();
	const n8n = await startN8n({
		userFolder: join(project, 'n8n'),
		database: {
			...{ host: postgres.host, port: postgres.port, database: env.POSTGRES_DB! },
			...{ user: env.POSTGRES_USER!, password: env.POSTGRES_PASSWORD! },
		},
		allowedPaths: [project],
		env: { N8N_ENCRYPTION_KEY: env.N8N_ENCRYPTION_KEY },
	});
	cleanUps.push(() => n8n.stop());
	const editor = await Editor.open(n8n.url);

	const { status, error } = await editor.run({ id: before.workflowId }, manualTrigger);
	expect([status, error]).toEqual(['success', undefined]);
	expect(receiver.requests.map(({ path }) => path)).toEqual([`/called?key=${storedSecret}`]);
	expect(await editor.nodeTypes()).toContain('n8n-nodes-backup.postgresBackup');
});
