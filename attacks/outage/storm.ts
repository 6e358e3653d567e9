import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from '../../lab/random.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';

export interface Storm {
	/** @returns how many statements were carried out */
	stop(): Promise<number>;
}

const sessions = 3;
const tables = 8;

/** Statements of all kinds against a database, one after the other in several sessions, until it is stopped. */
export async function startStorm(server: PostgresServer, database: string, random: Random): Promise<Storm> {
	const blowing = new AbortController();
	let carriedOut = 0;
	const blow = async (client: pg.Client) => {
		while (!blowing.signal.aborted) {
			// Many come at a moment at which they make no sense.
			const isDone = await client.query(anyStatement(random)).then(
				() => true,
				() => false,
			);
			if (isDone) carriedOut += 1;
			else await client.query('ROLLBACK');
			await wait(random.below(5));
		}
		await client.end();
	};
	const clients = Array.from({ length: sessions }, () => new pg.Client(server.url(database)));
	for (const client of clients) {
		client.on('error', () => {});
		await client.connect();
		await client.query("SET lock_timeout = '50ms'; SET client_min_messages = error");
	}
	const ended = clients.map(blow);
	return {
		async stop() {
			blowing.abort();
			await Promise.all(ended);
			return carriedOut;
		},
	};
}

function anyStatement(random: Random): string {
	const name = `changing_${random.below(tables)}`;
	const other = `changing_${random.below(tables)}`;
	const column = `column_${random.below(3)}`;
	const id = random.bits();
	const transfer = `
		BEGIN;
		INSERT INTO debit VALUES (${id}, ${random.below(1000)});
		INSERT INTO credit SELECT * FROM debit WHERE id = ${id};
		COMMIT`;
	const take = `
		BEGIN;
		DELETE FROM credit WHERE id IN (SELECT id FROM debit ORDER BY id LIMIT 3);
		DELETE FROM debit WHERE NOT EXISTS (SELECT FROM credit WHERE credit.id = debit.id);
		COMMIT`;
	return random.pick([
		transfer,
		transfer,
		transfer,
		take,
		`CREATE TABLE ${name} AS SELECT n, md5(n::text) AS ${column} FROM generate_series(1, ${1 + random.below(3000)}) AS n`,
		`DROP TABLE ${name} CASCADE`,
		`TRUNCATE ${name}`,
		`ALTER TABLE ${name} ADD COLUMN ${column} text DEFAULT '${column}'`,
		`ALTER TABLE ${name} DROP COLUMN ${column} CASCADE`,
		`ALTER TABLE ${name} ALTER COLUMN n TYPE bigint`,
		`ALTER TABLE ${name} RENAME TO ${other}`,
		`CREATE INDEX ON ${name} (${column})`,
		`CREATE OR REPLACE VIEW view_of_${name} AS SELECT n FROM ${name}`,
		`CREATE OR REPLACE FUNCTION of_${name}() RETURNS bigint LANGUAGE sql AS 'SELECT ${random.below(9)}::bigint'`,
		`DROP FUNCTION of_${name}()`,
		`CREATE SEQUENCE sequence_of_${name}`,
		`DROP SEQUENCE sequence_of_${name}`,
		`CREATE TYPE type_of_${name} AS ENUM ('calm', '${column}')`,
		`DROP TYPE type_of_${name} CASCADE`,
		`VACUUM FULL ${name}`,
		`VACUUM stable`,
		`VACUUM credit`,
	]);
}
