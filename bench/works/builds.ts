import { basename, dirname, resolve } from 'node:path';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { createN8nDatabase, createWideDatabase } from '../data/n8nDatabase.ts';
import { createBigFiles } from '../data/volumeTrees.ts';
import type { Bench } from '../harness/bench.ts';
import type { Job } from '../harness/jobs.ts';
import { type Contestant, race, type Times } from '../harness/race.ts';
import { runJob } from '../harness/runJob.ts';
import { median } from '../harness/statistics.ts';
import { connectionTo } from './postgres.ts';

/**
 * Has this build and others of the package do the same works in turn, and says what the others take of its time.
 *
 * @param others their `dist` directories
 */
export async function compareBuilds(
	bench: Bench,
	server: PostgresServer,
	others: readonly string[],
): Promise<void> {
	await createN8nDatabase(server, 'n8n', bench.scale.bytes);
	const directory = await bench.emptyDirectory('big');
	createBigFiles(directory, bench.scale.bytes);
	const many = await createSmallDatabases(server);
	const dump =
		(engine: 'built-in' | 'local', method: 'gzip' | 'zstd', databases = ['n8n']) =>
		(backupDirectory: string) =>
			({
				kind: 'dump',
				engine,
				connection: connectionTo(server),
				databases,
				compression: { method },
				backupDirectory,
			}) as const;
	const works: Record<string, (backupDirectory: string) => Job> = {
		'dump, local, zstd': dump('local', 'zstd'),
		'dump, built-in, zstd': dump('built-in', 'zstd'),
		'dump, built-in, gzip': dump('built-in', 'gzip'),
		[`dumps of ${many.length} databases, built-in, zstd`]: dump('built-in', 'zstd', many),
		'archive, zstd': (backupDirectory) => ({
			kind: 'archive',
			directory,
			readBack: true,
			compression: { method: 'zstd' },
			backupDirectory,
		}),
	};
	for (const [work, job] of Object.entries(works)) {
		console.log(`  ${work}`);
		const contestant = (name: string, dist?: string): Contestant => ({
			name,
			run: async () => await runJob(job(await bench.emptyDirectory('backups')), dist),
		});
		const builds = [
			contestant('this build'),
			...others.map((path) => contestant(basename(dirname(resolve(path))), `${resolve(path)}/`)),
		];
		printRatios([...(await race(builds, bench.scale)).values()]);
	}
}

/** What one process leaves behind from dump to dump shows only after many. */
async function createSmallDatabases(server: PostgresServer): Promise<string[]> {
	await createWideDatabase(server, 'small', 10);
	const names = Array.from({ length: 50 }, (_, index) => `small_${index}`);
	for (const name of names) await server.createDatabase(name, 'TEMPLATE small STRATEGY file_copy');
	return names;
}

/** Round by round, because what else the machine does hits those alike who ran in the same round. */
function printRatios([ours, ...others]: Times[]): void {
	for (const other of others) {
		const ratio = (pick: (job: Times['measured'][number]) => number): string => {
			const ratios = other.measured.map((job, round) => pick(job) / pick(ours!.measured[round]!));
			return `${median(ratios).toFixed(3)} (${ratios.map((value) => value.toFixed(2)).join(' ')})`;
		};
		console.log(`    ${other.name}: time ${ratio(({ seconds }) => seconds)}`);
		console.log(`    ${other.name}: processor ${ratio(({ processorSeconds }) => processorSeconds)}`);
		console.log(`    ${other.name}: peak memory ${ratio(({ peakBytes }) => peakBytes)}`);
	}
}
