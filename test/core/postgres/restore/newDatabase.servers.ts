import pg from 'pg';
import type { Manifest } from '../../../../core/artifact';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, engines, readDump, requestFor } from '../support/dumps';
import { dropDatabases, restore } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
	await server.psql(`CREATE ROLE n8n LOGIN PASSWORD 'n8n'; CREATE ROLE reader;`);
});
afterAll(() => server.stop());
beforeEach(async () => {
	await server.createDatabase('n8n', `OWNER n8n LC_CTYPE 'C.UTF-8' TEMPLATE template0 CONNECTION LIMIT 77`);
	await server.psql(
		`CREATE TABLE workflow_entity AS SELECT 1 AS id;
		ALTER TABLE workflow_entity OWNER TO n8n;
		COMMENT ON DATABASE n8n IS 'it''s n8n’s';
		REVOKE ALL ON DATABASE n8n FROM PUBLIC;
		GRANT CONNECT ON DATABASE n8n TO reader;
		ALTER DATABASE n8n SET search_path = "$user", public, "odd, one";
		ALTER ROLE n8n IN DATABASE n8n SET work_mem = '7MB';`,
		{ database: 'n8n' },
	);
});
afterEach(() => dropDatabases(server));

/** What the native pg_dump writes to make a database and what is in it, with its name taken out. */
const withCreation = async (database: string) =>
	(await server.client('pg_dump', ['--create'], { database }))
		.toString()
		.replace(/^\\(un)?restrict .*$/gm, '')
		.replaceAll(new RegExp(`(DATABASE |connect |Name: |IN DATABASE )"?${database}"?`, 'g'), '$1NAME')
		.replaceAll(`DATABASE PROPERTIES ${database}`, '');

/** What n8n does when it starts with a new version: as its own user, a table in the schema public. */
async function migrate(database: string): Promise<void> {
	const client = new pg.Client({ ...server, user: 'n8n', password: 'n8n', database });
	await client.connect();
	try {
		await client.query('CREATE TABLE migrated (id integer)');
		await client.query('ALTER TABLE workflow_entity ADD COLUMN migrated boolean');
	} finally {
		await client.end();
	}
}

test('a new database has all that the old one had, and its user can go on in it', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());

	const report = await restore(server, { artifactPath: path, manifest });

	expect(report.warnings).toEqual([]);
	expect(await withCreation('restored')).toBe(await withCreation('n8n'));
	await migrate('restored');
});

test('settings that an application may keep secrets in are not written down', async () => {
	await server.psql(`ALTER DATABASE n8n SET app.jwt_secret = 'hush'`);

	const { manifest } = await backUp(server, 'n8n', directory.path());

	expect(JSON.stringify(manifest)).not.toContain('hush');
	expect(manifest.source.properties?.settings.map(({ name }) => name)).toEqual(
		expect.arrayContaining(['search_path', 'work_mem']) as unknown,
	);
});

test.each(Object.entries(engines))('the engine %s writes them down', async (_name, engine) => {
	const { facts } = await readDump(engine(connectionTo(server), requestFor('n8n')));

	expect(facts.source.properties).toMatchObject({
		owner: 'n8n',
		encoding: 'UTF8',
		collate: 'C',
		ctype: 'C.UTF-8',
		connectionLimit: 77,
		comment: 'it’s n8n’s'.replace('it’s', "it's"),
		grants: expect.arrayContaining([
			{ grantee: 'reader', privilege: 'CONNECT', grantable: false },
		]) as unknown,
	});
});

const ownerOf = async (database: string) => {
	const [row] = await server.query<{ owner: string }>(
		`SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = '${database}'`,
	);
	return row?.owner;
};

test('the role that everything is given to owns the database, too', async () => {
	await server.psql('ALTER DATABASE n8n OWNER TO postgres; ALTER TABLE workflow_entity OWNER TO postgres', {
		database: 'n8n',
	});
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const owners = { kind: 'one', role: 'n8n' } as const;

	await restore(server, { artifactPath: path, manifest, options: { owners } });
	await restore(server, {
		artifactPath: path,
		options: { owners },
		target: { kind: 'new', database: 'without manifest' },
	});

	expect(await ownerOf('restored')).toBe('n8n');
	expect(await ownerOf('without manifest')).toBe('n8n');
	await migrate('restored');
});

test('roles and a locale that the server lacks are named, and the user who connects owns the database', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const { properties } = manifest.source;
	const elsewhere: Manifest = {
		...manifest,
		source: { ...manifest.source, properties: { ...properties!, owner: 'nobody', collate: 'xx_XX' } },
	};

	const report = await restore(server, { artifactPath: path, manifest: elsewhere });

	expect(await ownerOf('restored')).toBe('postgres');
	expect(report.warnings).toEqual(
		[
			expect.stringMatching(
				/^The server could not create the database as it was \(ENCODING 'UTF8' LC_COLLATE 'xx_XX'/,
			),
			'The server has no role "nobody": the new database belongs to "postgres".',
		].map((matcher): unknown => matcher),
	);
});

test('what was granted to and set for roles that the server lacks is left out', async () => {
	await server.psql(
		`CREATE ROLE gone;
		GRANT CONNECT ON DATABASE n8n TO gone WITH GRANT OPTION;
		ALTER ROLE gone IN DATABASE n8n SET work_mem = '9MB';`,
		{ database: 'n8n' },
	);
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	await server.psql('DROP OWNED BY gone; DROP ROLE gone', { database: 'n8n' });

	const report = await restore(server, { artifactPath: path, manifest });

	expect(manifest.source.properties).toMatchObject({
		grants: expect.arrayContaining([{ grantee: 'gone', privilege: 'CONNECT', grantable: true }]) as unknown,
		settings: expect.arrayContaining([{ role: 'gone', name: 'work_mem', value: '9MB' }]) as unknown,
	});
	expect(report.warnings).toEqual([]);
	expect(await withCreation('restored')).toBe(await withCreation('n8n'));
});

/** Of the restored database, in the server's own words. */
const rightsOf = (database: string) =>
	server.query(
		`SELECT pg_get_userbyid(datdba) AS owner, datacl::text AS grants, s.setrole::regrole::text AS role, s.setconfig::text AS settings
		FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid AND s.setrole <> 0
		WHERE datname = '${database}'`,
	);

test('roles that take the place of others get what those had of the database', async () => {
	await server.psql('CREATE ROLE successor; CREATE ROLE auditor');
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	const owners = { kind: 'map', roles: { n8n: 'successor', reader: 'auditor' } } as const;

	await restore(server, { artifactPath: path, manifest, options: { owners } });

	expect(await rightsOf('restored')).toEqual([
		{
			owner: 'successor',
			grants: '{successor=CTc/successor,auditor=c/successor}',
			role: 'successor',
			settings: '{work_mem=7MB}',
		},
	]);
});

test('grants that are left out are those of the database, too', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());

	await restore(server, { artifactPath: path, manifest, options: { privileges: 'skip' } });

	expect(await rightsOf('restored')).toEqual([
		{ owner: 'n8n', grants: null, role: 'n8n', settings: '{work_mem=7MB}' },
	]);
});
