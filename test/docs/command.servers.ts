import { mkdir, writeFile } from 'node:fs/promises';
import { readCatalog } from '../../core/artifact';
import { libpqEnvironment, queueModeEnvironment } from '../../lab/servers/environments';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { type Block, bashBlocks, readDocument } from './support/blocks';
import { follow, installCommand } from './support/follow';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
const redisPassword = 'of the test';
let postgres: PostgresServer;
let redis: RedisServer;
let blocks: Block[];

beforeAll(async () => {
	blocks = bashBlocks(await readDocument('command.md'));
	[postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: redisPassword })]);
	await postgres.createDatabase('n8n');
	await postgres.psql('CREATE TABLE execution_entity (id int); INSERT INTO execution_entity VALUES (1)', {
		database: 'n8n',
	});
}, 60_000);
afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

beforeEach(async () => {
	await installCommand(directory.path('bin'));
	await mkdir(directory.path('project', 'backups'), { recursive: true });
	await mkdir(directory.path('project', 'n8n-data'));
	await writeFile(directory.path('project', 'n8n-data', 'config'), '{"encryptionKey":"of-the-test"}');
	await writeFile(directory.path('project', '.env'), 'N8N_ENCRYPTION_KEY=of-the-test\n');
	await writeFile(directory.path('project', 'compose.yaml'), 'services: {}\n');
});

const run = async (tag: string, env: NodeJS.ProcessEnv) =>
	await follow(blocks, tag, { bin: directory.path('bin'), cwd: directory.path('project'), env });

const made = async () =>
	(await readCatalog({ root: directory.path('project', 'backups'), timeZone: 'utc' }))
		.map(({ component, prefix, state }) => `${component}/${prefix} ${state}`)
		.sort();

describe('the document of the command, followed as it is written,', () => {
	it('has no command that is not run here', () => {
		expect(blocks.map(({ tag }) => tag)).toEqual(['all', 'each']);
	});

	it('backs up all that n8n is made of', async () => {
		await mkdir(directory.path('home'));
		await run('all', {
			...queueModeEnvironment(postgres, redis),
			HOME: directory.path('home'),
		});
		expect(await made()).toEqual([
			...['env/compose good', 'env/env good', 'postgres/n8n good', 'redis/dump good'],
		]);
	});

	it('backs up one after the other', async () => {
		await run('each', {
			...libpqEnvironment(postgres),
			REDIS_HOST: redis.host,
			REDIS_PORT: String(redis.port),
			REDISCLI_AUTH: redisPassword,
		});
		expect(await made()).toEqual([
			'env/compose good',
			'env/env good',
			'n8n/n8n_data good',
			'postgres/n8n good',
			'redis/dump good',
		]);
	});
});
