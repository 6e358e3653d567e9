import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { describeEngines } from './support/engines';
import { testOperation } from './support/operations';
import { serverOperationNames, serverOperations } from './support/serverOperations';

jest.setTimeout(120_000);

let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
	[postgres, redis] = await Promise.all([
		startPostgres(),
		startRedis({ config: { 'enable-protected-configs': 'yes' } }),
	]);
	await postgres.createDatabase('app');
	await postgres.psql('CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 3)', {
		database: 'app',
	});
	await redis.cli('SET', 'k', 'v');
});

afterAll(async () => {
	await postgres?.stop();
	await redis?.stop();
});

describeEngines('an operation on servers', (n8n) => {
	const rows = serverOperations(() => ({ postgres, redis, engine: n8n().engine }));
	for (const name of serverOperationNames) testOperation(n8n, { name, ...rows[name] });
});
