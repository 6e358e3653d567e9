import { libpqEnvironment } from '../../lab/servers/environments.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { createWideDatabase } from '../data/n8nDatabase.ts';
import type { Bench } from '../harness/bench.ts';
import type { DumpJob } from '../harness/jobs.ts';
import { connectionTo } from './postgres.ts';

/** Dumps in which hardly anything is bytes: of very many tables, and of very many databases one after the other. */
export async function measureMany(bench: Bench, server: PostgresServer): Promise<void> {
	const { manyTables, manyDatabases } = bench.scale;
	await createWideDatabase(server, 'wide', manyTables);
	await measure(bench, server, `${manyTables.toLocaleString('en')} tables`, ['wide']);
	await server.query('DROP DATABASE wide');

	await createWideDatabase(server, 'few', 10);
	const names = Array.from({ length: manyDatabases }, (_, index) => `few_${index}`);
	// By file copy: so many copies through the write-ahead log take long.
	for (const name of names) await server.createDatabase(name, 'TEMPLATE few STRATEGY file_copy');
	await measure(bench, server, `${manyDatabases} databases of ten tables`, names);
	for (const name of [...names, 'few']) await server.query(`DROP DATABASE ${name}`);
}

async function measure(bench: Bench, server: PostgresServer, of: string, databases: string[]): Promise<void> {
	const ours = `Postgres Back Up, built-in, zstd, ${of}`;
	const peer = `pg_dump > /dev/null, ${of}`;
	const script = `for name in ${databases.join(' ')}; do pg_dump $name > /dev/null; done`;
	const dump = (backupDirectory: string): DumpJob => ({
		...{ kind: 'dump', engine: 'built-in', databases, compression: { method: 'zstd' }, backupDirectory },
		connection: connectionTo(server),
	});
	await bench.race(
		[bench.ours(ours, dump), ...bench.peer(peer, script, { env: libpqEnvironment(server, 'postgres') })],
		[[ours, peer]],
	);
}
