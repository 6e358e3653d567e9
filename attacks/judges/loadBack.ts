import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { assertKept } from '../harness/attack.ts';

const run = promisify(execFile);

/**
 * Loads a dump with gzip and psql alone, and asks what came of it.
 *
 * @param question SQL
 * @returns psql's answer
 * @throws Lost when psql refuses the dump
 */
export async function loadBack(server: PostgresServer, dump: string, question: string): Promise<string> {
	const database = 'of_the_judge';
	const { stdout } = await run('gzip', ['-dc', dump], { encoding: 'buffer', maxBuffer: 1e9 });
	await server.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
	await server.createDatabase(database, 'TEMPLATE template0');
	const loaded = await server.psql(stdout.toString(), { database }).catch((error: unknown) => error);
	assertKept(!(loaded instanceof Error), `psql refuses the dump: ${String(loaded)}`);
	return await server.psql(question, { database });
}
