import { evaluate, matches, readWorkflow, setItem } from './support/expressions';

const withServers = readWorkflow('nightly-backup.json');
const onSqlite = readWorkflow('nightly-backup-sqlite.json');

const dump = 'n8n_20261123_020000.sql.gz';
const archive = 'n8n_data_20261123_020000.tar.gz';

/** What the nodes that make backups give out on a good night. */
const saved = {
	'Postgres Backup': {
		...{ name: dump, component: 'postgres', database: 'n8n', size: '3.2 MB', duration: '2 s' },
		...{ rows: 5256, tables: 142 },
	},
	'Redis Snapshot': {
		...{ name: 'dump_20261123_020000.rdb', component: 'redis', size: '130.5 kB', duration: '80 ms' },
		keys: 1003,
	},
	'Archive n8n Data': {
		...{ name: archive, component: 'n8n', size: '26.1 MB', duration: '4 s', entries: 12034 },
	},
	'Copy .env': { name: 'env_20261123_020000.backup', component: 'env', size: '125 B', duration: '9 ms' },
	'Copy Compose File': {
		...{ name: 'compose_20261123_020000.backup', component: 'env', size: '4.3 kB', duration: '9 ms' },
	},
};

/** What happens in a night; what is not said goes well. */
interface Night {
	settings?: Record<string, unknown>;
	/** Items of the nodes that make backups, other than on a good night. Undefined: none. */
	backups?: Partial<Record<keyof typeof saved, object | undefined>>;
	failed?: Array<{ failedComponent: string; reason: string }>;
	drills?: object[];
	pruned?: object[];
	offSite?: object[];
	report?: object;
}

/** Takes the items of a night through the Set nodes behind them, as n8n does, to what is told in the end. */
function outcomeOf(
	{ settings, backups, failed = [], drills = [], pruned = [], offSite = [], report = {} }: Night,
	workflow = withServers,
): { text: string; failedComponents: unknown[] } {
	const { named, connections } = workflow;
	const behind = (name: string) => named(connections[name]!.main[0]![0]!.node);
	const set: Record<string, unknown> = { ...setItem(named('Settings'), {}), ...settings };
	const isMade = (name: string) =>
		connections[name] && (name !== 'Copy Compose File' || set.composeFile !== '');
	const made = Object.entries({ ...saved, ...backups }).flatMap(([name, json]) =>
		json && isMade(name) ? [setItem(behind(name), { json })] : [],
	);
	const proven = drills.map((json) => setItem(behind('Drill n8n Data'), { json }));
	const items = {
		Settings: [set],
		'All Components': [...made, ...failed],
		Drills: [...made, ...failed, ...proven],
		'Prune Results': pruned,
		'Off-Site Results': offSite.length > 0 ? offSite : pruned,
		Report: [report],
	};
	const json = setItem(named('Figures'), { items });
	return setItem(named('Outcome'), { json, items }) as ReturnType<typeof outcomeOf>;
}

const linesOf = (night: Night, workflow = withServers) => outcomeOf(night, workflow).text.split('\n');

const goodLines = [
	'✓ PostgreSQL n8n: 3.2 MB in 2 s, 5,256 rows',
	'✓ Redis: 130.5 kB in 80 ms, 1,003 keys',
	'✓ n8n’s data: 26.1 MB in 4 s, 12,034 files and folders',
	'✓ .env: 125 B',
	'✓ Compose file: 4.3 kB',
];
const blocked = 'n8n may not use /backups. Add it to N8N_RESTRICT_FILE_ACCESS_TO.';

describe('The outcome of a night', () => {
	test('is a line for each component, with its figures', () => {
		expect(outcomeOf({})).toEqual({
			failedComponents: [],
			text: ['Backup finished.', ...goodLines].join('\n'),
		});
	});

	test('says in the same line what the drill found', () => {
		const drills = [{ name: dump, result: 'passed', duration: '9 s', rows: 5256 }];
		expect(linesOf({ drills })[1]).toBe(
			'✓ PostgreSQL n8n: 3.2 MB in 2 s, 5,256 rows, restored inside n8n in 9 s',
		);
	});

	test('says what a drill could not find out, which fails nothing', () => {
		const obstacle = 'No extension "postgis". Drill it on a server.';
		const drills = [{ name: dump, result: 'unknown', duration: '1 s', obstacle }];
		const { text, failedComponents } = outcomeOf({ drills });
		expect(text).toContain(
			`✓ PostgreSQL n8n: 3.2 MB in 2 s, 5,256 rows, whether it can be restored is unknown: ${obstacle}\n`,
		);
		expect(failedComponents).toEqual([]);
	});

	test('ends with what a drill could not try, and with what there is to be warned of', () => {
		const foreign = '“n8n” of db:5432 holds no tables of n8n’s: pick another credential';
		const drills = [
			{ name: dump, result: 'passed', duration: '9 s', unknown: ['credential: No key was found.'] },
		];
		const backups = { 'Postgres Backup': { ...saved['Postgres Backup'], warnings: [foreign] } };
		expect(linesOf({ backups, drills }).slice(-2)).toEqual([
			`⚠ ${dump}: ${foreign}`,
			`⚠ ${dump}: credential: No key was found.`,
		]);
	});

	test('says a reason once, with all that it hit', () => {
		const failed = [
			{ failedComponent: 'postgres', reason: blocked },
			{ failedComponent: 'redis', reason: 'Nothing answers at\n Redis at redis:6379.' },
			{ failedComponent: 'env', reason: blocked },
			{ failedComponent: 'compose', reason: blocked },
		];
		const pruned = [{ failedComponent: 'prune', reason: blocked }];
		const backups = {
			...{ 'Postgres Backup': undefined, 'Redis Snapshot': undefined },
			...{ 'Copy .env': undefined, 'Copy Compose File': undefined },
		};
		const { text, failedComponents } = outcomeOf({ failed, pruned, backups });
		expect(text.split('\n')).toEqual([
			'Backup failed: PostgreSQL, Redis, .env, Compose file, Deleting old backups.',
			`✗ PostgreSQL, .env, Compose file, Deleting old backups: ${blocked}`,
			'✗ Redis: Nothing answers at Redis at redis:6379.',
			goodLines[2],
		]);
		expect(failedComponents).toEqual(
			[...failed, ...pruned].map(({ failedComponent: component, reason }) => ({ component, reason })),
		);
	});

	test('shows a dump that did not pass its drill as saved and as failed', () => {
		const failed = [{ failedComponent: 'postgres', reason: 'It did not pass its drill.' }];
		expect(linesOf({ failed })).toEqual([
			'Backup failed: PostgreSQL.',
			'✗ PostgreSQL: It did not pass its drill.',
			...goodLines,
		]);
	});

	test('names what is switched off, which is no failure', () => {
		const settings = { useRedis: false, useEnvFile: false, composeFile: '' };
		const backups = { 'Redis Snapshot': undefined, 'Copy .env': undefined };
		expect(outcomeOf({ settings, backups })).toEqual({
			failedComponents: [],
			text: [
				'Backup finished.',
				goodLines[0],
				goodLines[2],
				'– Redis: skipped, as Settings say',
				'– .env: skipped, as Settings say',
				'– Compose file: skipped, as Settings say',
			].join('\n'),
		});
	});

	test('fails when something was to be saved and nothing was, as when its node is switched off', () => {
		const reason =
			'Nothing was saved of it. Where its node is switched off, switch it off in Settings as well.';
		const { text, failedComponents } = outcomeOf({ backups: { 'Redis Snapshot': undefined } });
		expect(failedComponents).toEqual([{ component: 'redis', reason }]);
		expect(text).toContain(`Backup failed: Redis.\n✗ Redis: ${reason}\n`);
	});

	test.each([
		['Copy .env', 'env', '.env'],
		['Copy Compose File', 'compose', 'Compose file'],
	])('does not take one file for the other (%s)', (node, component, name) => {
		const { text, failedComponents } = outcomeOf({ backups: { [node]: undefined } });
		expect(failedComponents).toEqual([expect.objectContaining({ component })]);
		expect(text.split('\n')).toEqual([
			`Backup failed: ${name}.`,
			expect.stringMatching(`^✗ ${name}: Nothing was saved of it`),
			...goodLines.filter((line) => !line.startsWith(`✓ ${name}:`)),
		]);
	});

	test('says how many old backups went, and what was copied where', () => {
		const place = 's3://bucket/n8n';
		const night = {
			pruned: [
				{ action: 'delete', deleted: true },
				{ action: 'delete', deleted: true },
				{ action: 'keep', deleted: false },
			],
			offSite: [
				{ name: 'a.sql.gz', outcome: 'copied', place },
				{ name: 'b.tar.gz', outcome: 'copied', place, warnings: ['The key leaves unencrypted'] },
				{ name: 'c.rdb', outcome: 'already there', place },
			],
		};
		expect(linesOf(night).slice(-3)).toEqual([
			'Copied to s3://bucket/n8n: a.sql.gz, b.tar.gz',
			'Old backups deleted: 2',
			'⚠ b.tar.gz: The key leaves unencrypted',
		]);
	});

	test('takes a copy off-site that failed as a failed component, and what passes through its node as nothing', () => {
		const offSite = [{ failedComponent: 'off-site', reason: 'There is no bucket.' }];
		expect(linesOf({ offSite }).slice(0, 2)).toEqual([
			'Backup failed: Copying off-site.',
			'✗ Copying off-site: There is no bucket.',
		]);
		// Switched off, the node hands on what came in.
		const pruned = [{ failedComponent: 'prune', reason: blocked }];
		expect(outcomeOf({ pruned }).failedComponents).toEqual([{ component: 'prune', reason: blocked }]);
	});

	test('says for how many such nights the disk has room', () => {
		const report = { space: { freeBytes: 52_500_000_000, nightBytes: 29_500_000 } };
		expect(linesOf({ report }).at(-1)).toBe('The disk has room for 1,779 more nights like this');
		expect(linesOf({ report: { error: blocked } })).toEqual(['Backup finished.', ...goodLines]);
	});

	test('names roles and tablespaces, which are of no database', () => {
		const roles = { ...saved['Postgres Backup'], database: undefined, rows: undefined };
		expect(linesOf({ backups: { 'Postgres Backup': roles } })[1]).toBe(
			'✓ PostgreSQL roles and tablespaces: 3.2 MB in 2 s',
		);
	});
});

describe('The outcome of a night on SQLite', () => {
	const withDatabase = { ...saved['Archive n8n Data'], rows: 1222, sqliteDatabases: ['database.sqlite'] };

	test('knows neither PostgreSQL nor Redis', () => {
		const drills = [{ name: archive, result: 'passed', duration: '2 s', rows: 1222 }];
		expect(linesOf({ backups: { 'Archive n8n Data': withDatabase }, drills }, onSqlite)).toEqual([
			'Backup finished.',
			'✓ n8n’s data: 26.1 MB in 4 s, 12,034 files and folders, 1,222 rows in SQLite, restored inside n8n in 2 s',
			'✓ .env: 125 B',
			'– Compose file: skipped, as Settings say',
		]);
	});

	test('has the Compose file where Settings name one', () => {
		const settings = { composeFile: '/backup-sources/compose/compose.yaml' };
		expect(linesOf({ settings }, onSqlite).slice(-2)).toEqual(['✓ .env: 125 B', '✓ Compose file: 4.3 kB']);
	});

	test('every archive is drilled, so that one without a database is no success', () => {
		const outputs = (json: object) => matches(onSqlite.named('What to Drill?'), { json });
		expect(outputs(saved['Archive n8n Data'])).toEqual([true]);
		expect(outputs(saved['Copy .env'])).toEqual([false]);
	});
});

test('What to Back Up? sends nothing to what is switched off', () => {
	const shipped = setItem(withServers.named('Settings'), {});
	const outputs = (settings: object) =>
		matches(withServers.named('What to Back Up?'), { json: { ...shipped, ...settings } });
	// The set-up, the last one, is checked by hand alone.
	expect(outputs({ useRedis: false })).toEqual([true, false, true, true, true, false]);
	expect(outputs({ composeFile: '' })).toEqual([true, true, true, true, false, false]);
});

test('What to Drill? lets only dumps and archives with SQLite in them be drilled', () => {
	const outputs = (json: object) => matches(withServers.named('What to Drill?'), { json });
	expect(outputs({ component: 'postgres', database: 'n8n' })).toEqual([true, false]);
	expect(outputs({ component: 'n8n', sqliteDatabases: ['database.sqlite'] })).toEqual([false, true]);
	expect(outputs({ component: 'n8n' })).toEqual([false, false]);
	expect(outputs({ component: 'redis', database: 'n8n' })).toEqual([false, false]);
	expect(outputs({ failedComponent: 'postgres', reason: 'It is down.' })).toEqual([false, false]);
});

describe('A notification', () => {
	const text = `Backup failed: Redis.\n✗ Redis: ${'down '.repeat(600)}`;
	const items = { Outcome: [{ text, failedComponents: [{ component: 'redis', reason: 'down' }] }] };

	test('is JSON that Slack, Discord and ntfy read, with its lines', () => {
		const { jsonBody } = withServers.named('Send Notification').parameters;
		const expression = (jsonBody as string).replace('$workflow.name', "'W'").replace('$execution.id', "'7'");
		expect(JSON.parse(evaluate(expression, { items }) as string)).toEqual({
			...{ text, content: text.slice(0, 2000), message: text, title: 'n8n backup failed' },
			failedComponents: [{ component: 'redis', reason: 'down' }],
			...{ workflow: 'W', executionId: '7' },
		});
	});

	test('of success is the text itself', () => {
		const { parameters } = withServers.named('Report Success');
		expect(parameters).toMatchObject({ method: 'POST', contentType: 'raw' });
		expect(evaluate(parameters.body, { items })).toBe(text);
	});
});
