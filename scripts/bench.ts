/**
 * `npm run bench` sets this package beside what people use instead and writes bench/results.json, the tables of
 * bench/README.md and bench/growth.svg. `-- --quick` takes less than two minutes, `-- --huge` adds 10 GB.
 * `-- --only volumes` (or `offsite`, `redis`, `postgres`) measures that part again and keeps the rest of the last results.
 * `-- --beside PATH` compares this build with another one's `dist`, and keeps all of them.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createN8nDatabase } from '../bench/data/n8nDatabase.ts';
import { Bench } from '../bench/harness/bench.ts';
import { renew, type Results, withSummary } from '../bench/harness/results.ts';
import { type Part, parts, planOf } from '../bench/harness/scale.ts';
import { describeMachine, describeVersions } from '../bench/report/machine.ts';
import { fillIn, toMarkdown } from '../bench/report/markdown.ts';
import { plotGrowth } from '../bench/report/plot.ts';
import { compareBuilds } from '../bench/works/builds.ts';
import { measureContainerDumps } from '../bench/works/docker.ts';
import { measureGrowth } from '../bench/works/growth.ts';
import { measureMany } from '../bench/works/many.ts';
import { measureOffsite } from '../bench/works/offsite.ts';
import {
	makeArtifact,
	measureDrill,
	measureDumps,
	measureRestore,
	measureVerify,
} from '../bench/works/postgres.ts';
import { measureRedis } from '../bench/works/redis.ts';
import { measureVolumes } from '../bench/works/volume.ts';
import { build } from './lib/build.ts';
import { binary, root } from './lib/paths.ts';
import { run } from './lib/run.ts';
import { step } from './lib/step.ts';
import { runTask } from './lib/task.ts';
import { startPostgres } from '../lab/servers/postgres.ts';
import { benchPeers, benchPrograms, ensurePrograms, offerPrograms } from './setup/debianPackages.ts';

const started = performance.now();
const plan = planOf(process.argv.slice(2));
const resultsPath = join(root, 'bench', 'results.json');

await runTask(async () => {
	await step('Programs', async () => {
		await ensurePrograms(benchPrograms);
		await offerPrograms(benchPeers);
	});
	await step('Building', build);
	const scratch = await mkdtemp(join(tmpdir(), 'n8n-backup-bench-'));
	try {
		const bench = new Bench(plan.scale, scratch);
		if (plan.beside.length > 0) await compare(bench);
		else await report(await measure(bench));
	} finally {
		await rm(scratch, { recursive: true, force: true });
	}
});

async function compare(bench: Bench): Promise<void> {
	const server = await startPostgres();
	try {
		await compareBuilds(bench, server, plan.beside);
	} finally {
		await server.stop();
	}
}

async function measure(bench: Bench): Promise<Results> {
	const works: Record<Part, () => Promise<void>> = {
		postgres: () => measurePostgres(bench),
		redis: () => step('Redis', () => measureRedis(bench)),
		volumes: () => step('Volumes', () => measureVolumes(bench)),
		offsite: () => step('Off-site', () => measureOffsite(bench)),
	};
	for (const part of plan.parts) await works[part]();

	const { rows, processes, growth, missing } = bench;
	const measured = {
		mode: plan.scale.mode,
		at: new Date().toISOString(),
		minutes: (performance.now() - started) / 60_000,
		machine: describeMachine(),
		versions: { ...(await describeVersions()), ...bench.servers },
		rows,
		processes,
		growth,
		missing,
	};
	const isWhole = plan.parts.length === parts.length;
	return withSummary(isWhole ? measured : renew(await readResults(), measured, plan.parts));
}

async function measurePostgres(bench: Bench): Promise<void> {
	const server = await startPostgres();
	bench.servers.postgres = server.version;
	try {
		await step('An n8n database', () => createN8nDatabase(server, 'n8n', bench.scale.bytes));
		await step('Dumps', () => measureDumps(bench, server, 'n8n'));
		const artifact = await makeArtifact(bench, server, 'n8n', 'gzip');
		const framed = await makeArtifact(bench, server, 'n8n', 'zstd');
		await step('Verifying', () => measureVerify(bench, artifact, framed));
		await step('Restoring', () => measureRestore(bench, server, artifact));
		await step('Drilling', () => measureDrill(bench, server, artifact));
		await step('Dumps in a container', () => measureContainerDumps(bench, server, 'n8n'));
		await step('Very many', () => measureMany(bench, server));
		await step('Growth', () => measureGrowth(bench, server));
	} finally {
		await server.stop();
	}
}

async function readResults(): Promise<Results> {
	return JSON.parse(await readFile(resultsPath, 'utf8')) as Results;
}

async function report(results: Results): Promise<void> {
	const file = (name: string) => join(root, 'bench', name);
	await writeFile(resultsPath, `${JSON.stringify(results, undefined, '\t')}\n`);
	await writeFile(file('growth.svg'), plotGrowth(results.growth));
	await writeFile(file('README.md'), fillIn(await readFile(file('README.md'), 'utf8'), results));
	await run(binary('prettier'), ['--log-level=warn', '--write', file('README.md')]);
	console.log(`\n${toMarkdown(results)}\n`);
	const missed = results.rows.filter(({ met }) => met === false);
	console.log(missed.length === 0 ? 'Every limit was kept.' : `${missed.length} limits were not kept.`);
}
