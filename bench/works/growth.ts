import { createN8nDatabase, createWideDatabase } from '../data/n8nDatabase.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import type { Bench } from '../harness/bench.ts';
import type { Measured } from '../harness/jobs.ts';
import type { GrowthPoint, GrowthSeries } from '../harness/results.ts';
import { runJob } from '../harness/runJob.ts';
import { growthExponent, median } from '../harness/statistics.ts';
import { connectionTo } from './postgres.ts';

/** How time and memory of a dump grow: with its bytes, with the number of tables, with the number of databases. */
export async function measureGrowth(bench: Bench, server: PostgresServer): Promise<void> {
	const { growthBytes, growthTables, growthDatabases } = bench.scale;
	const work = 'Postgres Back Up, built-in, zstd';

	await measureSeries(bench, { work, of: 'bytes', sizes: growthBytes }, async (bytes) => {
		await createN8nDatabase(server, 'grown', bytes);
		return await backUp(bench, server, ['grown']);
	});
	await measureSeries(bench, { work, of: 'tables', sizes: growthTables }, async (tables) => {
		await createWideDatabase(server, 'grown', tables);
		return await backUp(bench, server, ['grown']);
	});
	await createWideDatabase(server, 'small', 10);
	const names: string[] = [];
	await measureSeries(bench, { work, of: 'databases', sizes: growthDatabases }, async (databases) => {
		while (names.length < databases) {
			const name = `small_${names.length}`;
			// By file copy: half a thousand copies through the write-ahead log take minutes.
			await server.createDatabase(name, 'TEMPLATE small STRATEGY file_copy');
			names.push(name);
		}
		return await backUp(bench, server, names);
	});
}

async function measureSeries(
	bench: Bench,
	{ work, of, sizes }: Pick<GrowthSeries, 'work' | 'of'> & { sizes: number[] },
	measureSize: (size: number) => Promise<Measured[]>,
): Promise<void> {
	const points: GrowthPoint[] = [];
	for (const size of sizes) {
		const measured = await measureSize(size);
		const point = {
			x: size,
			seconds: median(measured.map(({ seconds }) => seconds)),
			peakMegabytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)) / 1e6,
		};
		points.push(point);
		console.log(`    ${size} ${of}: ${point.seconds.toFixed(2)} s, ${point.peakMegabytes.toFixed(0)} MB`);
	}
	const isGrowth = points.length > 1;
	const exponent = isGrowth ? growthExponent(points.map(({ x, seconds }) => ({ x, y: seconds }))) : null;
	bench.growth.push({ work, of, points, exponent });
}

async function backUp(bench: Bench, server: PostgresServer, databases: string[]): Promise<Measured[]> {
	const measured: Measured[] = [];
	while (measured.length < bench.scale.growthRounds) {
		const backupDirectory = await bench.emptyDirectory('backups');
		const job = { kind: 'dump', engine: 'built-in', databases, compression: { method: 'zstd' } } as const;
		measured.push(await runJob({ ...job, connection: connectionTo(server), backupDirectory }));
	}
	await server.query('DROP DATABASE IF EXISTS grown');
	return measured;
}
