import { evaluate, readWorkflow } from './support/expressions';

describe('The form that restores a database', () => {
	const { connections: paths, named: nodeNamed } = readWorkflow('restore-postgres.json');
	const page = (name: string) => nodeNamed(name).parameters;
	const backup = (state: string, more: object = {}) => ({
		...{ state, name: `${state}_20261123_020000.sql.gz`, made: '2026-11-23 03:00:00', size: '2.0 MB' },
		...more,
	});
	const states = ['good', 'unproven', 'unreadable', 'contradicted', 'shrunk', 'missing'];
	interface Field {
		fieldLabel?: string;
		defaultValue?: string;
		html?: string;
		fieldOptions?: { values: Array<{ option: string }> };
	}
	const fieldsOf = (name: string, items: Record<string, object[]>) =>
		JSON.parse(evaluate(page(name).jsonOutput, { items }) as string) as Field[];
	const isTrue = (name: string, items: Record<string, object[]>, json: object = {}) => {
		const { conditions } = page(name).conditions as { conditions: Array<{ leftValue: string }> };
		return evaluate(conditions[0]!.leftValue, { items, json });
	};
	const there = (...names: string[]) => ({ 'List Backups': names.map((state) => backup(state)) });
	const chosen = (more: object = {}) => ({ Chosen: [{ backup: backup('n8n', more), manifest: {} }] });

	test('offers good backups, and unproven ones as such; none that is damaged, cannot be judged or has lost its data', () => {
		const items = there(...states);
		items['List Backups'].push(backup('good', { name: 'crm.sql.gz', database: 'crm', drilled: 'passed …' }));
		const [field] = fieldsOf('Choose Backup', items);
		expect(field!.fieldOptions!.values.map(({ option }) => option)).toEqual([
			'2026-11-23 03:00:00 · good_20261123_020000.sql.gz · 2.0 MB · never drilled · good_20261123_020000.sql.gz',
			'2026-11-23 03:00:00 · unproven_20261123_020000.sql.gz · 2.0 MB · without a manifest, never proven · unproven_20261123_020000.sql.gz',
			'2026-11-23 03:00:00 · crm · 2.0 MB · drilled · crm.sql.gz',
		]);
	});

	test('says that there is nothing where only those are there', () => {
		const isThere = (...names: string[]) => isTrue('Any There?', there(...names));
		expect(isThere('unreadable', 'contradicted', 'shrunk', 'missing')).toBe(false);
		expect(isThere('shrunk', 'unproven')).toBe(true);
	});

	test('says what is there instead, and how a shrunk one is restored all the same', () => {
		const message = (list: object[], manifests: object[] = list) => {
			const items = { Settings: [{ backupDirectory: '/backups' }], 'List Backups': list };
			return evaluate(page('Nothing There').completionMessage, {
				items: { ...items, 'Read Manifests': manifests },
			});
		};
		const lost = 'It holds far less than a.sql.gz, the last full one before it: user had 9 rows and has 0.';
		expect(message([backup('shrunk', { warnings: [lost, 'Another warning.'] })])).toBe(
			`/backups holds no database backup that could be offered. shrunk_20261123_020000.sql.gz is shrunk: ${lost} ` +
				'A shrunk one is restored where you name it: by Postgres Backup, or by n8n-backup restore postgres.',
		);
		const damaged = ['4', '3', '2', '1'].map((name) => ({
			name,
			state: 'missing',
			warnings: ['It is gone.'],
		}));
		expect(message(damaged)).toBe(
			'/backups holds no database backup that could be offered. 4 is missing: It is gone. 3 is missing: It is gone. 2 is missing: It is gone. And 1 more.',
		);
		expect(message([{}])).toBe('/backups holds no database backup.');
		expect(message([], [{ error: 'n8n may not use /backups.' }])).toBe('n8n may not use /backups.');
	});

	test('fills in the name that fits the choice', () => {
		const named = (name: string, more?: object) =>
			fieldsOf(name, chosen(more)).find(({ fieldLabel }) => fieldLabel === 'Database')!.defaultValue;
		expect(named('Name New Database')).toBe('n8n_20261123_020000');
		expect(named('Confirm Replacement', { database: 'n8n' })).toBe('n8n');
		expect(named('Type It Again', { database: 'n8n' })).toBe('n8n');
		expect(named('Confirm Replacement')).toBe('');
	});

	test('goes back a page where the confirmation is wrong, as often as it is', () => {
		expect(isTrue('Confirmed?', {}, { Database: 'n8n', Confirm: 'n8n' })).toBe(true);
		expect(isTrue('Confirmed?', {}, { Database: 'n8n', Confirm: 'N8N' })).toBe(false);
		expect(isTrue('Confirmed?', {}, { Database: '', Confirm: '' })).toBe(false);
		const next = (name: string) => paths[name]!.main.map((output) => output.map(({ node }) => node));
		expect(next('Confirmed?')).toEqual([['Restore'], ['Type It Again']]);
		expect(next('Type It Again')).toEqual([['Confirmed?']]);
		expect(fieldsOf('Type It Again', chosen())[0]!.html).toContain('is not the name of the database');
	});
});
