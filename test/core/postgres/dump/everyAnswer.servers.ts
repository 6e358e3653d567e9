import { closeAfter, type End, resetWithin, startEndingProxy } from '../../../../lab/servers/endingProxy';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, engines, readDump, requestFor } from '../support/dumps';

jest.setTimeout(300_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('small');
	await server.psql(
		`CREATE TABLE workflow AS SELECT n AS id, repeat(md5(n::text), 30) AS nodes FROM generate_series(1, 300) n;
		ALTER TABLE workflow ADD PRIMARY KEY (id);
		CREATE TABLE execution (id serial PRIMARY KEY, workflow integer REFERENCES workflow);
		INSERT INTO execution (workflow) SELECT id FROM workflow;`,
		{ database: 'small' },
	);
});
afterAll(async () => await server.stop());

/** Only \restrict's key is another one each time. */
const text = (sql: Buffer) => sql.toString('latin1').replace(/^\\(un)?restrict .*$/gm, '');

describe('A dump', () => {
	it.each<[engine: string, how: string, end: End]>([
		['built-in', 'is reset within', resetWithin],
		['built-in', 'is closed after', closeAfter],
		['local', 'is closed after', closeAfter],
	])(
		'by the engine %s is whole, or an error that names the server, when its connection %s any answer',
		async (engine, _, end) => {
			const dump = async (port: number) =>
				await readDump(engines[engine]!(connectionTo(server, { port }), requestFor('small')));
			const whole = text((await dump(server.port)).sql);
			let errors = 0;
			for (let due = 1, isOver = false; !isOver; due++) {
				const proxy = await startEndingProxy(server.port, { due, end });
				try {
					const { sql } = await dump(proxy.port);
					expect([due, text(sql) === whole]).toEqual([due, true]);
				} catch (error) {
					if (!(error instanceof Error) || error.name !== 'BackupError') throw error;
					errors++;
					expect([due, error.message]).toEqual([due, expect.stringContaining(`127.0.0.1:${proxy.port}`)]);
				} finally {
					isOver = proxy.pieces() < due;
					await proxy.stop();
				}
			}
			expect(errors).toBeGreaterThan(20);
		},
	);
});
