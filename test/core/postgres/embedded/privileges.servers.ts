import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';

jest.setTimeout(240_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());

/**
 * Who owns and may do what and by whose leave, a row each, as both PostgreSQLs know it. MAINTAIN came with PostgreSQL 17
 * and belongs to every owner.
 */
const privileges = `
	WITH
	own AS (
		SELECT oid, nspname FROM pg_namespace WHERE nspname = 'public' OR nspname LIKE 'app%'
	),
	things AS (
		SELECT 'schema' AS kind, nspname::text AS name, nspowner AS owner, nspacl AS acl FROM pg_namespace JOIN own USING (oid, nspname)
		UNION ALL SELECT 'relation ' || relkind::text, relname::text, relowner, relacl FROM pg_class JOIN own ON own.oid = relnamespace
		UNION ALL SELECT 'column', c.relname || '.' || attname, relowner, attacl FROM pg_attribute
			JOIN pg_class c ON c.oid = attrelid JOIN own ON own.oid = relnamespace WHERE attacl IS NOT NULL
		UNION ALL SELECT 'function', proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', proowner, proacl
			FROM pg_proc p JOIN own ON own.oid = pronamespace
		UNION ALL SELECT 'type', typname::text, typowner, typacl FROM pg_type JOIN own ON own.oid = typnamespace
		UNION ALL SELECT 'language', lanname::text, lanowner, lanacl FROM pg_language WHERE lanname = 'plpgsql'
		UNION ALL SELECT 'large object', l.oid::text, lomowner, lomacl FROM pg_largeobject_metadata l
		UNION ALL SELECT 'default ' || defaclobjtype::text || ' in ' || coalesce(nspname, 'every schema'), '', defaclrole, defaclacl
			FROM pg_default_acl LEFT JOIN pg_namespace n ON n.oid = defaclnamespace
	)
	SELECT kind, name, pg_get_userbyid(owner) AS owner,
		CASE a.grantor WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantor) END AS grantor,
		CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END AS grantee,
		a.privilege_type, a.is_grantable
	FROM things LEFT JOIN LATERAL aclexplode(acl) a ON a.privilege_type <> 'MAINTAIN'
	ORDER BY 1, 2, 3, 4, 5, 6, 7`;

test('owners, grants, grant options and default privileges come back inside n8n as they were, row for row', async () => {
	await server.createDatabase('granted');
	await server.psql(
		`CREATE ROLE app_owner; CREATE ROLE "Reader, odd"; CREATE ROLE writer; CREATE ROLE delegate;
		CREATE SCHEMA app AUTHORIZATION app_owner;
		CREATE SCHEMA "app ""two""" AUTHORIZATION writer;
		GRANT USAGE ON SCHEMA app TO "Reader, odd", writer, delegate;
		GRANT CREATE ON SCHEMA app TO delegate WITH GRANT OPTION;
		SET ROLE app_owner;
		CREATE TABLE app.t (a int PRIMARY KEY, secret text, shown text);
		CREATE SEQUENCE app.s;
		CREATE VIEW app.v AS SELECT a FROM app.t;
		CREATE MATERIALIZED VIEW app.m AS SELECT a FROM app.t;
		CREATE TYPE app.mood AS ENUM ('good', 'bad');
		CREATE DOMAIN app.small AS int;
		CREATE FUNCTION app.f(a int, b text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN a; END';
		CREATE PROCEDURE app.p() LANGUAGE sql AS 'SELECT 1';
		GRANT SELECT (shown), UPDATE (shown) ON app.t TO "Reader, odd";
		GRANT INSERT, DELETE ON app.t TO writer WITH GRANT OPTION;
		GRANT SELECT ON app.t TO delegate WITH GRANT OPTION;
		GRANT USAGE ON SEQUENCE app.s TO PUBLIC;
		GRANT SELECT ON app.v, app.m TO PUBLIC;
		REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
		GRANT USAGE ON TYPE app.small TO writer;
		REVOKE EXECUTE ON FUNCTION app.f(int, text) FROM PUBLIC;
		GRANT EXECUTE ON FUNCTION app.f(int, text) TO "Reader, odd";
		REVOKE EXECUTE ON PROCEDURE app.p() FROM PUBLIC;
		RESET ROLE;
		SET ROLE delegate;
		GRANT SELECT ON app.t TO "Reader, odd";
		RESET ROLE;
		ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA app GRANT SELECT ON TABLES TO "Reader, odd";
		ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE ON SEQUENCES TO writer WITH GRANT OPTION;
		ALTER DEFAULT PRIVILEGES FOR ROLE writer REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
		ALTER DEFAULT PRIVILEGES FOR ROLE writer IN SCHEMA app GRANT ALL ON TYPES TO delegate;
		REVOKE ALL ON LANGUAGE plpgsql FROM PUBLIC;
		GRANT USAGE ON LANGUAGE plpgsql TO writer;
		SELECT lo_from_bytea(4711, 'x'); ALTER LARGE OBJECT 4711 OWNER TO writer; GRANT SELECT ON LARGE OBJECT 4711 TO delegate;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO writer;`,
		{ database: 'granted' },
	);
	const { path } = await backUp(server, 'granted', directory.path());
	const data = directory.path('data');
	await mkdir(data);

	const script = join(__dirname, 'loadAndAsk.cjs');
	const { stdout } = await promisify(execFile)(process.execPath, [
		'--liftoff-only',
		script,
		data,
		path,
		privileges,
	]);

	const expected = await server.query(privileges, { database: 'granted' });
	expect(expected.length).toBeGreaterThan(50);
	expect(JSON.parse(stdout)).toEqual(expected);
});
