import type { OpenSource, SourceFacts } from '../../../../core/artifact';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, engines, never, requestFor } from '../support/dumps';

jest.setTimeout(600_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());

/** Reads to the end and keeps nothing. */
async function proofOf(open: OpenSource): Promise<SourceFacts> {
	const source = await open(never);
	source.stream.on('error', () => {}).resume();
	return await source.finished;
}

const dump = async (engine: string, database: string) =>
	await proofOf(engines[engine]!(connectionTo(server), requestFor(database)));

test('a row that pg_dump reads and WebAssembly cannot hold sends to another engine', async () => {
	await server.createDatabase('long');
	await server.psql(`CREATE TABLE "too wide" AS SELECT 1 AS id, repeat('x', 1023 * 1024 * 1024) AS body`, {
		database: 'long',
	});
	await expect(dump('built-in', 'long')).rejects.toMatchObject({
		code: 'unsupported',
		message: `A row of the table public."too wide" in “long” of PostgreSQL at 127.0.0.1:${server.port} is too long for the built-in engine, whose memory ends at 2 GB. Use the engine “docker” or “local”, or exclude that table’s data.`,
	});
	await expect(dump('local', 'long')).resolves.toMatchObject({ census: { rows: 1 } });
});

test('a row that PostgreSQL itself cannot pass on is no engine’s fault', async () => {
	await server.createDatabase('binary');
	await server.psql(
		`CREATE TABLE wide AS SELECT convert_to(repeat('x', 513 * 1024 * 1024), 'UTF8') AS body`,
		{ database: 'binary' },
	);
	for (const engine of Object.keys(engines)) {
		await expect(dump(engine, 'binary')).rejects.toMatchObject({
			code: 'server',
			message: expect.stringMatching(
				/table "wide".*no pg_dump can read it\. Exclude that table’s data/,
			) as string,
		});
	}
});
