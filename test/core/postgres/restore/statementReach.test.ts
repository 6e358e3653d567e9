import { reachOf } from '../../../../core/postgres/restore/statementReach';

test.each([
	['drop database n8n with (force);', 'databases'],
	['DROP  DATABASE n8n WITH (FORCE);', 'databases'],
	['/* a /* nested */ one */ DrOp\tdatabase n8n;', 'databases'],
	['-- to the end of the line\rDROP DATABASE n8n;', 'databases'],
	['DROP--\nDATABASE n8n;', 'databases'],
	['COMMENT ON DATABASE n8n IS NULL;', 'databases'],
	['GRANT ALL ON DATABASE n8n TO PUBLIC;', 'databases'],
	['ALTER SYSTEM SET work_mem = 1;', 'server'],
	['alter/**/system RESET ALL;', 'server'],
	['CREATE ROLE evil SUPERUSER;', 'server'],
	['CREATE USER evil;', 'server'],
	['ALTER GROUP evil ADD USER me;', 'server'],
	['DROP OWNED BY me;', 'server'],
	['CREATE TABLESPACE evil LOCATION $$/tmp$$;', 'server'],
	['GRANT pg_execute_server_program TO me;', 'server'],
	['GRANT "on" TO me;', 'server'],
	['GRANT SET ON PARAMETER log_statement TO me;', 'server'],
	['REVOKE ADMIN OPTION FOR a FROM b;', 'server'],
	["SECURITY LABEL FOR se ON ROLE me IS 'x';", 'server'],
	["COPY t FROM PROGRAM 'id';", 'server'],
	["copy t from '/etc/passwd';", 'server'],
	["COPY (SELECT 1) TO PROGRAM 'id';", 'server'],
	["COPY t TO '/tmp/x';", 'server'],
	["COPY t FROM PROGRAM 'id' WHERE a IS DISTINCT FROM stdin;", 'server'],
	['COPY t FROM stdin; DROP DATABASE n8n;', 'server'],
	['CREATE SUBSCRIPTION s CONNECTION $$host=x$$ PUBLICATION p;', 'subscription'],
	['alter subscription s ENABLE;', 'subscription'],
	['DO $$BEGIN END$$;', 'foreign'],
	['CALL evil();', 'foreign'],
	["LOAD '/tmp/evil.so';", 'foreign'],
	['REASSIGN OWNED BY a TO b;', 'foreign'],
	['IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b;', 'foreign'],
	['PREPARE p AS SELECT 1;', 'foreign'],
	['WITH x AS (SELECT 1) SELECT * FROM x;', 'foreign'],
	["SELECT pg_catalog.lo_import('/etc/passwd');", 'foreign'],
	["SELECT dblink_exec('', 'DROP DATABASE n8n');", 'foreign'],
	["SELECT setval('a', 1), pg_read_file('x');", 'foreign'],
	["SELECT evil.setval('a', 1);", 'foreign'],
	['SELECT U&"\\0070g_read_file"(\'x\');', 'foreign'],
	["SELECT U&\"pg!005fread_file\" UESCAPE '!' ('x');", 'foreign'],
	['SELECT "pg_read_file" /**/ (\'x\');', 'foreign'],
	["SELECT set_config('standard_conforming_strings', 'off', false);", 'foreign'],
	['ROLLBACK;', 'foreign'],
	["UPDATE pg_authid SET rolsuper = true WHERE rolname = 'me';", 'server'],
	['update only pg_catalog . "pg_database" SET datallowconn = false;', 'server'],
	['DELETE FROM U&"pg\\005fdatabase";', 'server'],
	["INSERT INTO pg_catalog.pg_db_role_setting VALUES (0, 0, '{}');", 'server'],
	["UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings';", 'server'],
	['COPY pg_catalog.pg_db_role_setting (setconfig) FROM stdin;', 'server'],
	['COPY pg_auth_members FROM stdin;', 'server'],
	['LOCK TABLE t, pg_authid;', 'server'],
	['TRUNCATE pg_shdescription;', 'server'],
	['VACUUM FULL pg_catalog.pg_database;', 'server'],
	['SET allow_system_table_mods = on;', 'server'],
	["INSERT INTO t SELECT lo_export(1, 'x');", 'foreign'],
	["INSERT INTO t (a, b) VALUES (1, lo_export(1, 'x'));", 'foreign'],
	['INSERT INTO t VALUES (1) RETURNING lo_get(2);', 'foreign'],
	["UPDATE t SET a = query_to_xml('…', true, true, '');", 'foreign'],
	['DELETE FROM t WHERE pg_reload_conf();', 'foreign'],
	['INSERT INTO t WITH x AS (UPDATE ONLY pg_authid SET rolsuper = true RETURNING 1) TABLE x;', 'server'],
	['INSERT INTO t WITH x AS (DELETE FROM ONLY pg_catalog.pg_authid RETURNING 1) TABLE x;', 'server'],
	['COPY "pg_catalog"."pg_authid" FROM stdin;', 'server'],
	['COPY pg_catalog.U&"pg!005fauthid" UESCAPE \'!\' FROM stdin;', 'server'],
	["CREATE TABLE t AS SELECT lo_export(1, 'x');", 'foreign'],
	["CREATE TABLE t (a) AS (SELECT lo_export(1, 'x'));", 'foreign'],
	['CREATE UNLOGGED TABLE t AS VALUES (pg_reload_conf());', 'foreign'],
	["CREATE GLOBAL TEMPORARY TABLE t AS SELECT dblink('x');", 'foreign'],
	["ALTER TABLE t ALTER COLUMN a TYPE text USING lo_export(1, 'x')::text;", 'foreign'],
	["SELECT setval('a', 1), 1e'\\' , ' , lo_export(1, 'x') -- ' \n;", 'foreign'],
])('%s reaches: %s', (sql, reach) => {
	expect(reachOf(Buffer.from(sql))).toBe(reach);
});

test.each([
	"SELECT pg_catalog.set_config('search_path', '', false);",
	`SELECT pg_catalog.setval('public."a(b"', 1, true);`,
	"SELECT pg_catalog.lowrite(0, '\\x00');",
	"SELECT * FROM pg_catalog.pg_restore_relation_stats('version', '180000'::integer);",
	'SELECT 1;',
	'COPY "drop; database".t (a, "b (c") FROM stdin;',
	"COPY t (a) WITH OIDS FROM stdin WITH (FORMAT text, DELIMITER ';');",
	'CREATE TABLE public.database ();',
	'CREATE USER MAPPING FOR me SERVER s;',
	'GRANT SELECT("on") ON TABLE public.parameter TO me;',
	'ALTER DEFAULT PRIVILEGES FOR ROLE me GRANT SELECT ON TABLES TO you;',
	'SET SESSION AUTHORIZATION me;',
	'BEGIN;',
	';',
	"INSERT INTO public.t (a, b) VALUES (1, 'lo_export(1)'), (2, upper('x')::varchar(10));",
	'INSERT INTO public."pg_t" VALUES (DEFAULT) ON CONFLICT (id) DO NOTHING;',
	"UPDATE public.pg_jobs SET a = replace(a, 'x', 'y') WHERE id IN (1, 2);",
	'DELETE FROM public.t USING other WHERE t.a = other.a;',
	'COPY public.pg_servers (id, pg_version, "pg_database") FROM stdin;',
	'INSERT INTO public.t (pg_version) VALUES (17);',
	'INSERT INTO public.t (pg_version) OVERRIDING SYSTEM VALUE VALUES (17) ON CONFLICT (pg_version) DO UPDATE SET pg_version = 18;',
	'UPDATE public.t SET pg_version = 17 WHERE pg_database = 1;',
	'DELETE FROM public.t WHERE pg_version = 17;',
	'CREATE TABLE public.t AS SELECT lower(a), count(*) FROM public.s GROUP BY (a);',
	'CREATE TABLE public.t (a numeric(3, 2) DEFAULT public.f(), CHECK (public.g(a)));',
	'CREATE TABLE public.t (a int GENERATED ALWAYS AS (public.f(1)) STORED) PARTITION BY RANGE (public.f(a));',
	'ALTER TABLE ONLY public.t ADD CONSTRAINT c EXCLUDE USING gist (public.f(a) WITH =);',
	'ALTER TABLE ONLY public.t REPLICA IDENTITY USING INDEX i;',
	'CREATE VIEW public.v AS SELECT * FROM pg_database, pg_read_file(public.f());',
	"SET default_tablespace = '';",
])('%s stays in its database', (sql) => {
	expect(reachOf(Buffer.from(sql))).toBe('database');
});

test('a comment longer than what is looked at first hides nothing', () => {
	const comment = `/*${'x'.repeat(10_000)}*/`;

	expect(reachOf(Buffer.from(`${comment} DROP DATABASE n8n;`))).toBe('databases');
	expect(reachOf(Buffer.from(`SELECT ${comment} pg_read_file('x');`))).toBe('foreign');
});

test('where plain strings know backslashes, what they hide is seen', () => {
	const sql = Buffer.from(String.raw`SELECT setval('a\', 1), pg_read_file(', 1)`);

	expect(reachOf(sql, { standardStrings: false, encoding: 'UTF8' })).toBe('database');
	expect(reachOf(sql)).toBe('foreign');
});

test.each(['SJIS', 'Shift_JIS_2004', 'BIG5', 'gbk', 'UHC', 'GB18030'])(
	'in %s, the second byte of a character escapes nothing',
	(encoding) => {
		const sql = Buffer.from("SELECT setval('a', 1), E'\x95\\', lo_export(1, 'x') -- ', 1\n;", 'latin1');

		expect(reachOf(sql, { standardStrings: true, encoding })).toBe('foreign');
		expect(reachOf(sql)).toBe('database');
	},
);

test('in SJIS, half-width kana have one byte', () => {
	const sql = Buffer.from("SELECT setval(E'\xb1\\', 1), lo_export(', 1);", 'latin1');

	expect(reachOf(sql, { standardStrings: true, encoding: 'SJIS' })).toBe('database');
	expect(reachOf(sql, { standardStrings: true, encoding: 'BIG5' })).toBe('foreign');
});
