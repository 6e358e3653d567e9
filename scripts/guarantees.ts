/**
 * `npm run guarantees` attacks what docs/guarantees.md promises, for an hour, and writes its tables: each attack has a
 * minute, or as many as `--minutes N` says, for as many faults as are wanted of it. `-- --only TEXT` tries the faults
 * whose name contains the text. `--seed N` begins with that seed, `--faults N` tries so many: a seed that lost something
 * shows it again with `--faults 1`. Then nothing is written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack } from '../attacks/harness/attack.ts';
import { type AttackResult, runAttack } from '../attacks/harness/runAttack.ts';
import { fillIn } from '../attacks/report/markdown.ts';
import { type Plan, planOf } from '../attacks/report/plan.ts';
import { renewRows, type Results } from '../attacks/report/results.ts';
import { describeMachine, describeVersions } from '../bench/report/machine.ts';
import { build } from './lib/build.ts';
import { binary, root } from './lib/paths.ts';
import { run } from './lib/run.ts';
import { step } from './lib/step.ts';
import { runTask } from './lib/task.ts';
import { ensurePrograms, testPrograms } from './setup/debianPackages.ts';

const resultsPath = join(root, 'attacks', 'results.json');
const documentPath = join(root, 'docs', 'guarantees.md');

await runTask(async () => {
	await step('Programs', () => ensurePrograms(testPrograms));
	await step('Building', build);
	// Not before: the attacks load what was built.
	const { attacks } = await import('../attacks/index.ts');
	const plan = planOf(process.argv.slice(2), attacks);
	const failures: string[] = [];
	for (const attack of plan.attacks) {
		try {
			const result = await step(attack.fault, () => attackOnce(attack, plan));
			report(result);
			if (result.lost.length > 0) failures.push(`${attack.fault}: ${result.lost.length} lost something`);
			// At once: an hour's work is not to be lost with the next fault.
			if (plan.isWhole) await record(result, attacks);
		} catch (error) {
			// An attack that cannot be tried says nothing about the others.
			failures.push(error instanceof Error ? error.message : String(error));
		}
	}
	if (failures.length > 0) throw new Error(failures.join('\n'));
});

async function attackOnce(
	attack: Attack,
	{ seed, faults = attack.faults.whole, seconds }: Plan,
): Promise<AttackResult> {
	return await runAttack(attack, { faults, seed, seconds });
}

function report({ tried, missed, lost, seed, seconds }: AttackResult): void {
	const late = missed === 0 ? '' : `, ${missed} more came too late`;
	console.log(
		`  ${tried} faults from seed ${seed} on in ${seconds.toFixed(0)} s${late}; lost: ${lost.length}`,
	);
	for (const loss of lost) console.log(`  ✗ seed ${loss.seed}: ${loss.what}`);
}

async function record(result: AttackResult, attacks: readonly Attack[]): Promise<void> {
	const before = JSON.parse(await readFile(resultsPath, 'utf8')) as Results;
	const results: Results = {
		machine: describeMachine(),
		versions: await describeVersions(),
		rows: renewRows(
			before.rows,
			{ ...result, at: new Date().toISOString() },
			attacks.map(({ fault }) => fault),
		),
	};
	await writeFile(resultsPath, `${JSON.stringify(results, undefined, '\t')}\n`);
	await writeFile(documentPath, fillIn(await readFile(documentPath, 'utf8'), results));
	await run(binary('prettier'), ['--log-level=warn', '--write', documentPath]);
}
