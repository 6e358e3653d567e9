import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';
import type { Drawn } from './support/canvas';
import { evaluate, matches, readWorkflow, setItem } from './support/expressions';

const nights = ['nightly-backup.json', 'nightly-backup-sqlite.json'];

/** Where the nodes lead that come after the components. */
const results: Record<string, string> = {
	'Prune Backups': 'Prune Results',
	'Copy Off-Site': 'Off-Site Results',
};

describe.each(nights)('In %s', (file) => {
	const { nodes, connections, named } = readWorkflow(file);
	const behind = (name: string) => connections[name]!.main[0]![0]!.node;

	test('the copy off-site is switched off until somebody has chosen its credential, and comes before the outcome', () => {
		expect(named('Copy Off-Site')).toMatchObject({
			...{ disabled: true, executeOnce: true, alwaysOutputData: true },
		});
		expect(named('Copy Off-Site')).not.toHaveProperty('credentials');
		// So that nobody is told of success before it.
		expect([behind('Off-Site Results'), behind('Report'), behind('Figures')]).toEqual([
			...['Report', 'Figures', 'Outcome'],
		]);
		const leadingTo = Object.keys(connections).filter((name) =>
			connections[name]!.main.flat().some(({ node }) => ['Report', 'Figures', 'Outcome'].includes(node)),
		);
		expect(leadingTo).toEqual(['Off-Site Results', 'Report', 'Figures']);
	});

	test('every error output turns a mark red first, and goes on as an item then', () => {
		const withErrorOutput = nodes.filter(({ onError }) => onError === 'continueErrorOutput');
		expect(withErrorOutput).toHaveLength(file === nights[0] ? 9 : 6);
		for (const { name } of withErrorOutput) {
			const [failed, mark] = connections[name]!.main[1]!.map(({ node }) => named(node));
			expect(mark).toMatchObject({
				type: 'n8n-nodes-base.stopAndError',
				onError: 'continueRegularOutput',
				parameters: { errorMessage: expect.stringMatching(/^=✗ .*: \{\{ .*\$json\.error.* \}\}$/) as string },
			});
			// n8n runs what is higher first, or else what is further left; the end of the night stops whatever is left.
			const [markX, markY] = mark!.position as [number, number];
			const [failedX, failedY] = failed!.position as [number, number];
			expect({ name, isFirst: markY < failedY || (markY === failedY && markX < failedX) }).toEqual({
				...{ name, isFirst: true },
			});
			expect(setItem(failed!, { json: { error: 'It is down.' } })).toEqual({
				failedComponent: expect.any(String) as string,
				reason: 'It is down.',
			});
			expect(behind(failed!.name)).toBe(
				results[name] ?? (name.startsWith('Drill') ? 'Drills' : 'All Components'),
			);
		}
	});

	test('every component that fails keeps the prune from its series', () => {
		const { failedComponents } = named('Prune Backups').parameters.options as { failedComponents: string };
		const items: Record<string, object[]> = {
			Drills: [{ component: 'n8n' }, { failedComponent: 'env', reason: 'It is gone.' }],
		};
		expect(evaluate(failedComponents, { items })).toEqual(['env']);
		// The Compose file is one of the component that keeps files.
		items.Drills = [{ failedComponent: 'compose', reason: 'It is gone.' }];
		expect(evaluate(failedComponents, { items })).toEqual(['env']);
	});

	test('the Compose file is saved from where deploy/compose.yaml mounts it, as a series of its own', () => {
		const { composeFile } = setItem(named('Settings'), {});
		expect(composeFile).toBe(file === nights[0] ? '/backup-sources/compose/compose.yaml' : '');
		expect(readFileSync(join(root, 'deploy', 'compose.yaml'), 'utf8')).toContain(
			'- .:/backup-sources/compose:ro',
		);
		expect(named('Copy Compose File').parameters).toMatchObject({ options: { prefix: 'compose' } });
		expect(named('Copy .env').parameters).toMatchObject({ options: {} });
	});
});

test.each(readdirSync(join(root, 'workflows')))('%s has what n8n 2.1 imports by command', (file) => {
	// It saves what the file says and makes nothing up. What newer ones need, they add.
	const { id, versionId } = readWorkflow(file) as Drawn & { versionId?: string };
	expect(id).toMatch(/^\w{13,16}$/);
	expect(versionId).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
});

test('the nightly workflow warns of a database that is not n8n’s, as when another credential was picked on import', () => {
	const { parameters } = readWorkflow('nightly-backup.json').named('Postgres Backup');
	expect(parameters).toMatchObject({ operation: 'backUp', options: { expectN8n: true } });
});

describe('The restore drill', () => {
	const { named } = readWorkflow('restore-drill.json');
	const everything = ['postgres', 'redis', 'n8n', 'env'].map((component) => ({ component }));
	const outcome = (items: object[], there: object[] = everything) =>
		setItem(named('Outcome'), { items: { 'All Checks': items, 'What Is There?': there } });
	const blocked = 'n8n may not use /backups. Add it to N8N_RESTRICT_FILE_ACCESS_TO.';

	test('says a reason once, with the checks that it hit', () => {
		const failed = [
			{ failedCheck: 'restore drill', reason: blocked },
			{ failedCheck: 'redis', reason: 'It is cut off.' },
			{ failedCheck: 'files', reason: blocked },
		];
		expect(outcome(failed)).toEqual({
			failedChecks: failed.map(({ failedCheck: check, reason }) => ({ check, reason })),
			text: `Restore drill failed.\n✗ restore drill, files: ${blocked}\n✗ redis: It is cut off.`,
		});
	});

	test('says in a line what each check found', () => {
		const dump = { name: 'n8n_1.sql.gz', result: 'passed', duration: '9 s', rows: 5256 };
		const file = { name: 'env_1.backup', component: 'env', result: 'passed', size: '125 B' };
		const items = [
			setItem(named('Dump Proven'), { json: { ...dump, unknown: ['credential: No key was found.'] } }),
			setItem(named('File Whole'), { json: file }),
		];
		expect(outcome(items)).toEqual({
			failedChecks: [],
			text: [
				'The restore drill passed: the newest backups are proven.',
				'✓ n8n_1.sql.gz: restored on the server in 9 s, 5,256 rows',
				'✓ env_1.backup: read again to its last byte, 125 B',
				'⚠ n8n_1.sql.gz: credential: No key was found.',
			].join('\n'),
		});
	});

	test('skips what nobody has, and names it', () => {
		const there = [{ component: 'n8n', sqliteDatabases: ['database.sqlite'] }, { component: 'env' }];
		expect(there.map((json) => matches(named('What to Prove?'), { json }))).toEqual([
			[false, false, true, true],
			[false, false, true, false],
		]);
		expect((outcome([], there).text as string).split('\n').slice(1)).toEqual([
			'– PostgreSQL: no backups, skipped',
			'– Redis: no backups, skipped',
		]);
	});

	test.each([
		[{}, 'There is no backup in /backups.'],
		[{ error: blocked }, blocked],
	])('fails when there is nothing to prove (%j)', (json, reason) => {
		expect(matches(named('What to Prove?'), { json })).toEqual([false, false, false, false]);
		const items = { Settings: [{ backupDirectory: '/backups' }] };
		expect(setItem(named('Nothing There'), { json, items })).toEqual({ failedCheck: 'backups', reason });
	});
});
