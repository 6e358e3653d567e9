import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { root } from '../../scripts/lib/paths.ts';
import type { Workflow, WorkflowNode } from '../../lab/n8n/workflow.ts';

const shipped = (file: string) =>
	JSON.parse(readFileSync(join(root, 'workflows', file), 'utf8')) as Workflow & {
		connections: Record<string, { main: Array<Array<{ node: string }>> }>;
	};
const { nodes, connections } = shipped('nightly-backup.json');
const named = (name: string) => nodes.find((node) => node.name === name)!;

interface Failure {
	failedComponent: string;
	reason: string;
}

/** What a field of a Set node comes to; the expression is JavaScript between braces. */
function valueOf({ parameters }: WorkflowNode, field: string, items: Record<string, object[]>): unknown {
	const { assignments } = (parameters.assignments as { assignments: never }) ?? {};
	const { value } = (assignments as Array<{ name: string; value: string }>).find(
		({ name }) => name === field,
	)!;
	const [, expression = ''] = /^=\{\{(.*)\}\}$/s.exec(value)!;
	const $ = (node: string) => ({ all: () => (items[node] ?? []).map((json) => ({ json })) });
	return runInNewContext(expression, { $ });
}

const textOf = (failures: Failure[], pruneFailures: Failure[] = []) =>
	valueOf(named('Outcome'), 'text', {
		'All Components': [{ component: 'saved' }, ...failures],
		Drills: [{ component: 'saved' }, ...failures],
		'Prune Results': pruneFailures,
	});

const blocked = 'n8n may not use /backups. Add it to N8N_RESTRICT_FILE_ACCESS_TO.';

describe('The outcome of a night', () => {
	test('says a reason once, behind the components that it hit', () => {
		expect(
			textOf(
				[
					{ failedComponent: 'postgres', reason: blocked },
					{ failedComponent: 'redis', reason: 'Nothing answers at Redis at redis:6379.' },
					{ failedComponent: 'env', reason: blocked },
				],
				[{ failedComponent: 'prune', reason: blocked }],
			),
		).toBe(
			`Backup failed. postgres, env, prune: ${blocked} | redis: Nothing answers at Redis at redis:6379.`,
		);
	});

	test('names the databases that were saved, and what there is to be warned of, also when something failed', () => {
		const foreign = '“n8n” of db:5432 holds no tables of n8n’s: pick another credential';
		const leftOut = 'Rows of public.execution_data are left out, too';
		const items = [
			{
				component: 'postgres',
				source: 'database n8n of db:5432',
				database: 'n8n',
				warnings: [foreign, leftOut],
			},
			{ component: 'postgres', source: 'database crm in the container stack-db-1', database: 'crm' },
			{ component: 'redis', source: 'Redis at redis:6379' },
			{ component: 'n8n', source: 'directory /data', warnings: ['A socket was left out'] },
		];
		const text = (...failed: Failure[]) =>
			valueOf(named('Outcome'), 'text', { 'All Components': [...items, ...failed], Drills: failed });
		const rest =
			`Saved: database n8n of db:5432. Saved: database crm in the container stack-db-1. ` +
			`Warning about postgres: ${foreign} | ${leftOut} Warning about n8n: A socket was left out`;
		expect(text()).toBe(`Backup finished: every component is saved. ${rest}`);
		expect(text({ failedComponent: 'env', reason: blocked })).toBe(`Backup failed. env: ${blocked} ${rest}`);
	});

	test('is a success when nothing failed', () => {
		expect(textOf([])).toBe('Backup finished: every component is saved.');
	});

	describe('says what a drill inside n8n found', () => {
		const name = 'n8n_20261123_020000.sql.gz';
		const finished = 'Backup finished: every component is saved.';
		const afterDrill = (item: object) => ({
			text: valueOf(named('Outcome'), 'text', { 'All Components': [{ component: 'n8n' }], Drills: [item] }),
			failed: valueOf(named('Outcome'), 'failedComponents', { Drills: [item] }),
		});

		test('when all of it held', () => {
			expect(afterDrill({ name, result: 'passed' })).toEqual({
				text: `${finished} Restored and compared: n8n_20261123_020000.sql.gz.`,
				failed: [],
			});
		});

		test('when a part of it could not be tried: that is named, and fails nothing', () => {
			const unknown = ['credential: No key was found.'];
			expect(afterDrill({ name, result: 'passed', unknown })).toEqual({
				text: `${finished} Restored and compared: n8n_20261123_020000.sql.gz. Unknown of it: credential: No key was found.`,
				failed: [],
			});
		});

		test('when nothing could be found out: that is named, and fails nothing', () => {
			const obstacle = 'No extension "postgis". Drill it on a server.';
			expect(afterDrill({ name, result: 'unknown', obstacle })).toEqual({
				text: `${finished} Whether n8n_20261123_020000.sql.gz can be restored is unknown: ${obstacle}`,
				failed: [],
			});
		});

		test('when it failed, once, as a failed component', () => {
			const failure = { failedComponent: 'postgres', reason: 'It did not pass its drill.' };
			expect(afterDrill(failure)).toEqual({
				text: 'Backup failed. postgres: It did not pass its drill.',
				failed: [{ component: 'postgres', reason: failure.reason }],
			});
		});
	});

	test('lets only dumps and archives with SQLite in them be drilled', () => {
		const { rules } = named('What to Drill?').parameters as {
			rules: { values: Array<{ conditions: { conditions: Array<{ leftValue: string }> } }> };
		};
		const outputs = ($json: object) =>
			rules.values.map(({ conditions: { conditions } }) =>
				Boolean(runInNewContext(conditions[0]!.leftValue.slice('={{'.length, -'}}'.length), { $json })),
			);
		expect(outputs({ component: 'postgres', database: 'n8n' })).toEqual([true, false]);
		expect(outputs({ component: 'n8n', sqliteDatabases: ['database.sqlite'] })).toEqual([false, true]);
		expect(outputs({ component: 'n8n' })).toEqual([false, false]);
		expect(outputs({ component: 'redis', database: 'n8n' })).toEqual([false, false]);
		expect(outputs({ failedComponent: 'postgres', reason: 'It is down.' })).toEqual([false, false]);
	});
});

test('The outcome of a drill says a reason once as well', () => {
	const outcome = shipped('restore-drill.json').nodes.find(({ name }) => name === 'Outcome')!;
	const text = (...items: object[]) =>
		valueOf(outcome, 'text', { 'All Checks': [{ passed: true }, ...items] });
	expect(
		text(
			{ failedCheck: 'drill', reason: blocked },
			{ failedCheck: 'redis', reason: 'It is cut off.' },
			{ failedCheck: 'env', reason: blocked },
		),
	).toBe(`Restore drill failed. drill, env: ${blocked} | redis: It is cut off.`);
	expect(text()).toBe('The restore drill passed: the newest backups are proven.');
});

describe('The form that restores a database', () => {
	const form = shipped('restore-postgres.json').nodes;
	const backup = (state: string) => ({
		state,
		name: `${state}_20261123_020000.sql.gz`,
		at: '2026-11-23T01:00:00.000Z',
		storedBytes: 2 * 1048576,
	});
	const states = ['good', 'unproven', 'unreadable', 'contradicted', 'shrunk', 'missing'];
	const evaluate = (expression: string, there: string[]): unknown =>
		runInNewContext(/^=\{\{(.*)\}\}$/s.exec(expression)![1]!, {
			$: () => ({ all: () => there.map((state) => ({ json: backup(state) })) }),
		});

	test('offers good backups, and unproven ones as such; none that is damaged, cannot be judged or has lost its data', () => {
		const { jsonOutput } = form.find(({ name }) => name === 'Choose Backup')!.parameters;
		const [field] = JSON.parse(evaluate(jsonOutput as string, states) as string) as Array<{
			fieldOptions: { values: Array<{ option: string }> };
		}>;
		expect(field!.fieldOptions.values.map(({ option }) => option)).toEqual([
			'good_20261123_020000.sql.gz · 2026-11-23 01:00 UTC · 2.0 MB',
			'unproven_20261123_020000.sql.gz · 2026-11-23 01:00 UTC · 2.0 MB · without a manifest, never proven',
		]);
	});

	test('says that there is nothing where only those are there', () => {
		const { conditions } = form.find(({ name }) => name === 'Any There?')!.parameters.conditions as {
			conditions: Array<{ leftValue: string }>;
		};
		const isThere = (there: string[]) => evaluate(conditions[0]!.leftValue, there);
		expect(isThere(['unreadable', 'contradicted', 'shrunk', 'missing'])).toBe(false);
		expect(isThere(['shrunk', 'unproven'])).toBe(true);
	});
});

/** Where the nodes lead that come after the components. */
const results: Record<string, string> = {
	'Prune Backups': 'Prune Results',
	'Copy Off-Site': 'Off-Site Results',
};

describe('The copy off-site in the nightly workflow', () => {
	test('is switched off until somebody has chosen its credential, and lets everything through then', () => {
		expect(named('Copy Off-Site')).toMatchObject({
			disabled: true,
			executeOnce: true,
			alwaysOutputData: true,
		});
		expect(named('Copy Off-Site')).not.toHaveProperty('credentials');
		// What passed through a node that is switched off is no failure of its own.
		const pruned = { failedComponent: 'prune', reason: blocked };
		const items = { 'Prune Results': [pruned], 'Off-Site Results': [pruned] };
		expect(valueOf(named('Outcome'), 'failedComponents', items)).toEqual([
			{ component: 'prune', reason: blocked },
		]);
	});

	test('comes before the outcome, so that nobody is told of success before it', () => {
		expect(connections['Off-Site Results']!.main[0]!.map(({ node }) => node)).toEqual(['Outcome']);
		expect(
			Object.keys(connections).filter((name) => connections[name]!.main[0]?.[0]?.node === 'Outcome'),
		).toEqual(['Off-Site Results']);
	});

	test('is a failed component like any other, and names what it copied', () => {
		const text = (...offSite: object[]) =>
			valueOf(named('Outcome'), 'text', {
				'All Components': [{ component: 'saved' }],
				'Off-Site Results': offSite,
			});
		expect(text({ failedComponent: 'off-site', reason: 'There is no bucket.' })).toBe(
			'Backup failed. off-site: There is no bucket.',
		);
		const place = 's3://bucket/n8n';
		expect(
			text(
				{ name: 'a.sql.gz', outcome: 'copied', place },
				{ name: 'b.tar.gz', outcome: 'copied', place },
				{ name: 'c.rdb', outcome: 'already there', place },
			),
		).toBe('Backup finished: every component is saved. Copied to s3://bucket/n8n: a.sql.gz, b.tar.gz.');
	});
});

test('every error output ends in a mark that turns red while the run goes on', () => {
	const withErrorOutput = nodes.filter(({ onError }) => onError === 'continueErrorOutput');
	expect(withErrorOutput).toHaveLength(8);
	for (const { name } of withErrorOutput) {
		const failed = connections[name]!.main[1]![0]!.node;
		const mark = named(connections[failed]!.main[0]![0]!.node);
		expect(mark).toMatchObject({
			type: 'n8n-nodes-base.stopAndError',
			onError: 'continueRegularOutput',
			parameters: { errorMessage: '={{ $json.outcome }}' },
		});
		expect(connections[mark.name]!.main[0]![0]!.node).toBe(
			results[name] ?? (name.startsWith('Drill') ? 'Drills' : 'All Components'),
		);
	}
});

test('the nightly workflow warns of a database that is not n8n’s, as when another credential was picked on import', () => {
	const { parameters } = named('Postgres Backup');
	expect(parameters).toMatchObject({ operation: 'backUp', options: { expectN8n: true } });
});
