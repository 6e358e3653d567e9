import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { RestoreTarget } from '../../../../core/postgres/restore/request';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo } from '../support/dumps';
import { databaseNames, dropDatabases, restore, scratchDatabases } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
	await server.psql(`CREATE ROLE keeper; CREATE ROLE "odd; one"`);
});
afterAll(() => server.stop());

beforeEach(async () => {
	await server.createDatabase(
		'n8n',
		`OWNER keeper LC_CTYPE 'C.UTF-8' TEMPLATE template0 CONNECTION LIMIT 77`,
	);
	await server.psql('CREATE TABLE workflow_entity AS SELECT 1 AS id', { database: 'n8n' });
});
afterEach(() => dropDatabases(server));

const workflows = () => server.query('SELECT id FROM workflow_entity ORDER BY id', { database: 'n8n' });

/** The identity of a database, which renaming keeps and restoring cannot. */
const oidOf = async (name: string) => {
	const [row] = await server.query<{ oid: number }>(`SELECT oid FROM pg_database WHERE datname = '${name}'`);
	return row?.oid;
};

const replacing = (safetyBackup: () => Promise<string> = () => Promise.resolve('safe')): RestoreTarget => ({
	kind: 'replace',
	database: 'n8n',
	safetyBackup,
});

test('the restored database takes the name, and the old one keeps its content under a dated name', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	await server.psql('INSERT INTO workflow_entity VALUES (2)', { database: 'n8n' });
	const oldOid = await oidOf('n8n');

	const report = await restore(server, { artifactPath: path, manifest, target: replacing() });

	expect(report).toMatchObject({
		database: 'n8n',
		replacedDatabase: expect.stringMatching(/^n8n_replaced_\d{8}_\d{6}$/) as unknown,
		safetyBackup: 'safe',
		comparison: { tables: 1, rows: 1, differences: [] },
	});
	expect(await workflows()).toEqual([{ id: 1 }]);
	expect(await databaseNames(server)).toEqual(['n8n', report.replacedDatabase]);
	expect(await oidOf(report.replacedDatabase!)).toBe(oldOid);
});

test('two replacements within a second keep both old databases', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const now = Date.now();
	const stamp = (seconds: number) =>
		new Date(now + seconds * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
	const taken = Array.from({ length: 12 }, (_, seconds) => `n8n_replaced_${stamp(seconds)}`);
	for (const name of taken) await server.createDatabase(name);
	const { replacedDatabase } = await restore(server, { artifactPath: path, manifest, target: replacing() });
	expect(taken).not.toContain(replacedDatabase);
	expect(await databaseNames(server)).toEqual(expect.arrayContaining([...taken, 'n8n', replacedDatabase]));
});

test('what a dump does not hold of a database is kept: owner, locale, limits, grants, settings, comment', async () => {
	await server.psql(`
		COMMENT ON DATABASE n8n IS 'it''s \\ n8n';
		REVOKE ALL ON DATABASE n8n FROM PUBLIC;
		GRANT CONNECT ON DATABASE n8n TO "odd; one" WITH GRANT OPTION;
		ALTER DATABASE n8n SET search_path TO "$user", 'odd; schema', public;
		ALTER DATABASE n8n SET work_mem TO '7MB';
		ALTER DATABASE n8n SET custom.setting TO 'a=b''c';
		ALTER ROLE keeper IN DATABASE n8n SET statement_timeout TO '5s';
	`);
	const properties = () =>
		server.query(`
			SELECT pg_get_userbyid(datdba), encoding, datcollate, datctype, datconnlimit,
				(SELECT array_agg(acl::text ORDER BY acl::text) FROM unnest(datacl) acl),
				shobj_description(d.oid, 'pg_database'),
				(SELECT array_agg((setrole, setconfig)::text ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)
			FROM pg_database d WHERE datname = 'n8n'`);
	const before = await properties();
	const { path, manifest } = await backUp(server, 'n8n', directory.path());

	await restore(server, { artifactPath: path, manifest, target: replacing() });

	expect(await properties()).toEqual(before);
});

test('sessions in the old database are ended, and new ones find the restored one', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const user = new pg.Client(server.url('n8n'));
	const ended = new Promise<Error>((resolve) => user.on('error', resolve));
	await user.connect();

	await restore(server, { artifactPath: path, manifest, target: replacing() });

	expect((await ended).message).toMatch(/terminating connection|Connection terminated/);
	expect(await workflows()).toEqual([{ id: 1 }]);
});

test.each(['new', 'replace'] as const)(
	'an exporter that visits every database again and again does not keep a %s one from its name',
	async (kind) => {
		// So much that a restore takes long enough to be visited.
		await server.query('CREATE TABLE bulk AS SELECT generate_series(1, 500000) AS n', { database: 'n8n' });
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		await server.query('DROP TABLE bulk', { database: 'n8n' });
		let isOver = false;
		let visits = 0;
		const visitors: pg.Client[] = [];
		const visit = async () => {
			while (!isOver) {
				for (const name of await scratchDatabases(server)) {
					const visitor = new pg.Client(server.url(name));
					visitor.on('error', () => {});
					// It stays, as a pooler's connection does.
					visitors.push(visitor);
					await visitor.connect().then(
						() => visits++,
						() => {},
					);
				}
				await sleep(20);
			}
		};
		const visiting = visit();

		const target = kind === 'new' ? ({ kind, database: 'restored' } as const) : replacing();
		try {
			await restore(server, { artifactPath: path, manifest, target });
		} finally {
			isOver = true;
			await visiting;
			await Promise.allSettled(visitors.map((visitor) => visitor.end()));
		}

		expect(visits).toBeGreaterThan(0);
		expect(await scratchDatabases(server)).toEqual([]);
		expect(await server.query('SELECT id FROM workflow_entity', { database: target.database })).toEqual([
			{ id: 1 },
		]);
		expect(
			await server.query(
				`SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = '${target.database}'`,
			),
		).toEqual([{ comment: null }]);
	},
);

test('it also works when the credential names the very database that is replaced', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const connection = connectionTo(server, { database: 'n8n' });

	const report = await restore(server, { artifactPath: path, manifest, connection, target: replacing() });

	expect(report.database).toBe('n8n');
});

test('the safety backup is made of the present content, after the restored one was compared', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	await server.psql('INSERT INTO workflow_entity VALUES (2)', { database: 'n8n' });
	let seen: unknown[] = [];
	const target = replacing(async () => {
		seen = await workflows();
		return 'safe';
	});

	await restore(server, { artifactPath: path, manifest, target });

	expect(seen).toEqual([{ id: 1 }, { id: 2 }]);
});

describe('the present database stays as it is', () => {
	const untouched = async (restoring: Promise<unknown>, message: string | RegExp) => {
		const oid = await oidOf('n8n');
		await expect(restoring).rejects.toThrow(message);
		expect(await oidOf('n8n')).toBe(oid);
		expect(await workflows()).toEqual([{ id: 1 }]);
		expect(await databaseNames(server)).toEqual(['n8n']);
	};

	test('when the safety backup fails', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const target = replacing(() => Promise.reject(new Error('no space')));

		await untouched(restore(server, { artifactPath: path, manifest, target }), 'no space');
	});

	test('when the rows are not those that were counted', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const census = { kind: 'postgres', tables: { 'public.workflow_entity': 5 }, rows: 5 } as const;

		await untouched(
			restore(server, { artifactPath: path, manifest: { ...manifest, census }, target: replacing() }),
			'public.workflow_entity has 1 rows instead of 5',
		);
	});

	test('when the swap fails half way', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		// The second rename of the transaction finds its database gone.
		const target = replacing(async () => {
			const rows = await server.query<{ datname: string }>(
				`SELECT datname FROM pg_database WHERE datname LIKE 'n8n\\_backup\\_restore\\_%'`,
			);
			await server.query(`ALTER DATABASE ${rows[0]!.datname} RENAME TO elsewhere`);
			return 'safe';
		});

		await expect(restore(server, { artifactPath: path, manifest, target })).rejects.toThrow('does not exist');

		expect(await workflows()).toEqual([{ id: 1 }]);
		expect(await databaseNames(server)).toEqual(['elsewhere', 'n8n']);
	});

	test('when the user may not end the sessions that are in it', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		await server.psql(`CREATE ROLE keeper_two LOGIN PASSWORD 'two' CREATEDB IN ROLE keeper`);
		const connection = connectionTo(server, { user: 'keeper_two', password: 'two' });
		const superuser = new pg.Client(server.url('n8n'));
		superuser.on('error', () => {});
		await superuser.connect();

		await untouched(
			restore(server, {
				artifactPath: path,
				manifest,
				connection,
				target: replacing(),
				options: { owners: { kind: 'connecting-user' }, privileges: 'skip' },
			}),
			/Putting the restored database in the place of "n8n" failed: .*is being accessed by other users \(There is 1 other session using the database\.\) Stop what uses that database/,
		);
		await superuser.end();
	});

	test('when there is none of that name', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const target: RestoreTarget = {
			kind: 'replace',
			database: 'nn',
			safetyBackup: () => Promise.resolve('safe'),
		};

		await untouched(
			restore(server, { artifactPath: path, manifest, target }),
			/has no database "nn" to replace\. Correct the name, or restore into a new database\.$/,
		);
	});
});
