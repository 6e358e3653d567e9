import type { Random } from '../../lab/random.ts';

/** What a forged dump wants to reach. */
export interface Prey {
	/** A path that every user of the machine may write to; who makes it has left a trace. */
	trace: string;
	/** A database that is none of the restore's business. */
	victim: string;
	/** A role of the server. */
	role: string;
}

/** The forged part of a dump, which may come as bytes that are no UTF-8. */
export type Trick = (prey: Prey, random: Random) => string | Buffer;

/** Commands of psql; whoever reads a dump with psql runs them. */
const commands: Trick = ({ trace, victim }, random) => {
	const command = random.pick([
		`\\! touch ${trace}`,
		`\\copy public.kept to program 'touch ${trace}'`,
		`\\copy public.kept to '${trace}'`,
		`\\copy public.kept from program 'touch ${trace}'`,
		`\\i ${trace}`,
		`\\o ${trace}`,
		`\\o |touch ${trace}`,
		`\\w ${trace}`,
		`SELECT 1 \\g |touch ${trace}`,
		`SELECT 1 \\g ${trace}`,
		`SELECT 'DROP DATABASE ${victim}' \\gexec`,
		`\\connect ${victim}\nDROP TABLE public.kept;`,
		`\\c ${victim}\nTRUNCATE public.kept;`,
		`\\set x \`touch ${trace}\``,
		`\\lo_export 1 ${trace}`,
		`\\unrestrict key\n\\! touch ${trace}`,
		`\\restrict a\n\\unrestrict a\n\\! touch ${trace}`,
		`\\restrict a\\! touch ${trace}`,
		`\\unrestrict\\! touch ${trace}`,
		`\\if true\n\\! touch ${trace}\n\\endif`,
		`\\echo \`touch ${trace}\``,
	]);
	return random.pick([
		command,
		`SELECT 1; ${command}`,
		`SELECT 1\n${command}\n;`,
		`CREATE TABLE public.more (a int); ${command}`,
		`/* a comment */ ${command}`,
		`COPY public.rows (a) FROM stdin;\n1\n\\.\n${command}`,
		`COPY public.rows (a) FROM stdin; ${command}\n1\n\\.\n`,
		`COPY public.rows (a) FROM stdin;\n1\n${command}\n\\.\n`,
	]);
};

/** Statements that reach beyond the database that they run in. */
const beyond: Trick = ({ trace, victim, role }, random) =>
	disguised(
		random.pick([
			`DROP DATABASE ${victim} WITH (FORCE);`,
			`DROP DATABASE IF EXISTS ${victim};`,
			`ALTER DATABASE ${victim} RENAME TO mine;`,
			`ALTER DATABASE ${victim} SET search_path TO nothing;`,
			`COMMENT ON DATABASE ${victim} IS 'mine';`,
			`GRANT ALL ON DATABASE ${victim} TO PUBLIC;`,
			`CREATE DATABASE another;`,
			`CREATE ROLE evil SUPERUSER LOGIN;`,
			`CREATE USER evil SUPERUSER;`,
			`CREATE GROUP evil;`,
			`ALTER ROLE ${role} SUPERUSER;`,
			`ALTER USER ${role} PASSWORD 'evil';`,
			`ALTER ROLE ALL SET search_path TO nothing;`,
			`DROP ROLE ${role};`,
			`DROP OWNED BY ${role} CASCADE;`,
			`REASSIGN OWNED BY ${role} TO CURRENT_USER;`,
			`GRANT pg_execute_server_program TO ${role};`,
			`COMMENT ON ROLE ${role} IS 'mine';`,
			`ALTER SYSTEM SET application_name TO evil;`,
			`ALTER SYSTEM RESET ALL;`,
			`LOCK TABLE pg_catalog.pg_authid IN ACCESS EXCLUSIVE MODE;\nSELECT 1;`,
			`CREATE TABLESPACE evil LOCATION '${trace}';`,
			`COPY public.rows FROM PROGRAM 'touch ${trace}';`,
			`COPY public.rows TO PROGRAM 'touch ${trace}';`,
			`COPY public.rows TO '${trace}';`,
			`COPY (SELECT 1) TO '${trace}';`,
			`COPY (SELECT 1) TO PROGRAM 'touch ${trace}';`,
			`DO $$BEGIN EXECUTE 'CREATE ROLE evil'; END$$;`,
			`CREATE SUBSCRIPTION evil CONNECTION 'dbname=${victim}' PUBLICATION p WITH (connect = false);`,
			`PREPARE evil AS SELECT 1;`,
			`VALUES (lo_export(4711, '${trace}'));`,
			`EXPLAIN ANALYZE SELECT lo_export(4711, '${trace}');`,
			`WITH x AS (SELECT lo_export(4711, '${trace}')) SELECT * FROM x;`,
			`ALTER SUBSCRIPTION evil ENABLE;`,
			`SET SESSION AUTHORIZATION ${role};\nRESET SESSION AUTHORIZATION;\nALTER ROLE ${role} SUPERUSER;`,
			`SECURITY LABEL ON ROLE ${role} IS 'mine';`,
		]),
		random,
	);

/** A call that leaves a trace in a statement that is run at once. */
const calls: Trick = (prey, random) => {
	const call = callOf(prey, random);
	return disguised(
		random.pick([
			`SELECT ${call};`,
			`SELECT * FROM ${call} AS x;`,
			`SELECT pg_catalog.setval('public.numbers', 1), ${call};`,
			`SELECT pg_catalog.set_config('search_path', ${call}::text, false);`,
			`SELECT ARRAY[${call}];`,
			`INSERT INTO public.texts SELECT ${call}::text;`,
			`INSERT INTO public.texts VALUES (${call}::text);`,
			`INSERT INTO public.texts VALUES ('x') RETURNING ${call};`,
			`INSERT INTO public.texts (a) VALUES ('x'), ((${call})::text);`,
			`UPDATE public.texts SET a = ${call}::text;`,
			`DELETE FROM public.texts WHERE ${call}::text IS NOT NULL;`,
			`CREATE TABLE public.made AS SELECT ${call};`,
			`CREATE TABLE public.made (a) AS (SELECT ${call});`,
			`CREATE UNLOGGED TABLE public.made AS VALUES (${call});`,
			`CREATE TEMPORARY TABLE made AS WITH x AS (SELECT ${call}) SELECT * FROM x;`,
			`SELECT ${call} INTO public.made;`,
			`ALTER TABLE public.texts ALTER COLUMN a TYPE text USING ${call}::text;`,
			`SELECT 1 LIMIT ${call}::text::int;`,
		]),
		random,
	);
};

/** A call that leaves a trace where it is run. */
export function callOf({ trace, victim }: Prey, random: Random): string {
	return random.pick([
		`lo_export(4711, '${trace}')`,
		`pg_catalog.lo_export(4711, '${trace}')`,
		`"lo_export"(4711, '${trace}')`,
		`U&"lo\\005fexport"(4711, '${trace}')`,
		`LO_EXPORT /* so */ (4711, '${trace}')`,
		`query_to_xml($$SELECT lo_export(4711, '${trace}')$$, true, true, '')`,
		`(SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${victim}')`,
		`pg_create_physical_replication_slot('evil', true)`,
		`pg_replication_origin_create('evil')`,
	]);
}

/** What all databases share, written to as if it were tables of this one. */
const sharedTables: Trick = ({ victim, role }, random) =>
	disguised(
		random.pick([
			`UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = '${role}';`,
			`UPDATE pg_authid SET rolsuper = true WHERE rolname = '${role}';`,
			`UPDATE ONLY "pg_authid" AS x SET rolsuper = true WHERE rolname = '${role}';`,
			`UPDATE pg_database SET datallowconn = false WHERE datname = '${victim}';`,
			`UPDATE pg_catalog . pg_database SET datistemplate = true WHERE datname = '${victim}';`,
			`INSERT INTO pg_auth_members (roleid, member, grantor, admin_option)
				SELECT a.oid, b.oid, 10, true FROM pg_roles a, pg_roles b
				WHERE a.rolname = 'pg_read_all_data' AND b.rolname = '${role}';`,
			`DELETE FROM pg_catalog.pg_shdescription;`,
			`INSERT INTO pg_db_role_setting VALUES (0, 0, '{search_path=nothing}');`,
			`COPY pg_catalog.pg_db_role_setting (setdatabase, setrole, setconfig) FROM stdin;\n0\t0\t{search_path=nothing}\n\\.\n`,
			`COPY pg_db_role_setting FROM stdin;\n0\t0\t{search_path=nothing}\n\\.\n`,
			`DELETE FROM pg_shdescription USING pg_database;`,
			`SET allow_system_table_mods = on;\nALTER TABLE pg_shdescription DISABLE TRIGGER ALL;\nTRUNCATE pg_shdescription;`,
			`UPDATE pg_class SET reltablespace = 1664, relfilenode = 2396 WHERE relname = 'texts';\nTRUNCATE public.texts;`,
		]),
		random,
	);

/** What makes a reader see a string where the server sees a call. */
const differently: Trick = (prey, random) => {
	const call = callOf(prey, random);
	const hidden = `SELECT pg_catalog.setval('public.numbers', 1), 'a\\' , ' , ${call} -- ' \n;`;
	const off = random.pick([
		'SET standard_conforming_strings TO off;',
		"SET standard_conforming_strings = 'off';",
		'SET standard_conforming_strings = 0;',
		'set SESSION standard_conforming_strings to FALSE;',
		'SET "standard_conforming_strings" = off;',
		'SET /* so */ standard_conforming_strings = off;',
		'BEGIN;\nSET LOCAL standard_conforming_strings = off;',
		'SET standard_conforming_strings = on;\nBEGIN;\nSET standard_conforming_strings = on;\nROLLBACK;\nSET Standard_Conforming_Strings = Off;',
	]);
	const onAgain = `SET standard_conforming_strings = off;\n${random.pick([
		'RESET standard_conforming_strings;',
		'RESET ALL;',
		'SET standard_conforming_strings TO DEFAULT;',
		'SET standard_conforming_strings TO on;',
		'BEGIN;\nSET standard_conforming_strings = on;\nSET standard_conforming_strings = off;\nROLLBACK;\nSET standard_conforming_strings TO on;',
	])}`;
	const hiddenOn = `SELECT pg_catalog.setval('public.numbers', 1), 'a\\', ${call} -- ', 1\n;`;
	const encoding = random.pick(['SJIS', 'BIG5', 'GBK', 'UHC', 'GB18030', 'sjis', 'Shift_JIS_2004']);
	const setEncoding = random.pick([
		`SET client_encoding = '${encoding}';`,
		`SET client_encoding TO ${encoding};`,
		`SET NAMES '${encoding}';`,
		`SET SESSION client_encoding = '${encoding}';`,
	]);
	// A character whose second byte looks like a backslash.
	const inBytes = Buffer.from(
		`${setEncoding}\nSELECT pg_catalog.setval('public.numbers', 1), E'\x95\x5c', ${call} -- ', 1\n;`,
		'latin1',
	);
	return random.pick<string | Buffer>([
		`${off}\n${hidden}`,
		`${off}\n${hidden}`,
		`${onAgain}\n${hiddenOn}`,
		inBytes,
		inBytes,
		`SELECT pg_catalog.setval('public.numbers', 1), 1e'\\' , ' , ${call} -- ' \n;`,
		`SELECT pg_catalog.setval('public.numbers', 1)::int8, e'\\'', ${call} -- '\n;`,
		`SELECT $a$ $b$ $a$, ${call} -- $a$\n;`,
		`SELECT 1 AS a$$, ${call} AS b$$;`,
		`SELECT 1 /* /* */ ' */ , ${call} -- '\n;`,
		`SELECT 1 --'\r, ${call} --'\n;`,
		`SELECT 1, U&'\\0027' , ${call} -- '\n;`,
		`SELECT 1 AS "a""", ${call} AS "b";`,
		`SELECT 'a'\n'b', ${call};`,
		`SELECT E'\\\\', ${call} -- '\n;`,
		`SELECT N'\\', ${call} -- '\n;`,
	]);
};

/** What is cut otherwise than it looks: two statements as one, one as two. */
const cuts: Trick = ({ victim }, random) => {
	const second = random.pick([
		'CREATE ROLE evil;',
		`DROP DATABASE ${victim};`,
		'ALTER SYSTEM SET work_mem = 65;',
	]);
	return random.pick([
		`SET SESSION work_mem = 100 -- one\r; ${second}\n;`,
		`SELECT (1; ${second});`,
		`CREATE FUNCTION public.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END; ${second}`,
		`CREATE FUNCTION public.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; ${second} END;`,
		`CREATE RULE r AS ON INSERT TO public.texts DO ALSO (SELECT 1; ${second});`,
		`SELECT $tag$ ; $tag$; ${second}`,
		`SELECT '\\'; ${second} --';`,
		`COPY public.rows (a) FROM stdin;\n1\n\\.\n${second}`,
		`COPY public.rows (a) FROM stdin;\n1\n\\. \n${second}\n\\.\n`,
		`COPY public.rows (a) FROM stdin;\n1\r\n\\.\r\n${second}\n`,
		`COPY public.texts (a) FROM stdin WITH (FORMAT csv);\n"x\n\\.\n${second}\n"\n\\.\n`,
		`COPY public.texts (a) FROM stdin WITH (FORMAT csv, QUOTE '\\');\nx\n\\.\n${second}\n`,
		`COPY public.texts (a) FROM stdin (DELIMITER ';');\nx\n\\.\n${second}\n`,
		`COPY public.rows (a) FROM stdin; ${second}\n1\n\\.\n`,
		`COPY public.rows (a) FROM stdin WHERE a > 0; ${second}\n1\n\\.\n`,
		`/* ${second} */ SELECT 1; /* */ ${second}`,
		`BEGIN;\n${second}\nCOMMIT;`,
		`START TRANSACTION;\nSET ROLE NONE;\n${second}\nEND;`,
		`SELECT 1;\0${second}`,
		`SELECT '\0'; ${second}`,
	]);
};

/** Space, comments and letters as PostgreSQL takes them and a pattern would not. */
function disguised(sql: string, random: Random): string {
	const disguises: Array<(text: string) => string> = [
		(text) => text,
		(text) => text,
		(text) => text.replace(/^\w+/, (word) => word.toLowerCase()),
		(text) => text.replace(/^(\w+) /, '$1/**/'),
		(text) => text.replace(/^(\w+) /, '$1 -- so\n'),
		(text) => text.replace(/^(\w+) /, '$1 --\r'),
		(text) => text.replace(/^(\w+) /, '$1\f'),
		(text) => `/* a /* nested */ one */${text}`,
		(text) => `/*${'x'.repeat(10_000)}*/ ${text}`,
		(text) => `;${text}`,
		(text) => `BEGIN;\n${text}\nCOMMIT;`,
		(text) => text.replace(/;$/, () => ' /* ; */ ;'),
		(text) => text.replace(/;$/, () => ` /*${' '.repeat(9000)}*/;`),
	];
	return random.pick(disguises)(sql);
}

/** Every kind of trick; those with more ways in them more often. */
export const tricks: readonly Trick[] = [
	commands,
	beyond,
	beyond,
	calls,
	calls,
	sharedTables,
	differently,
	differently,
	cuts,
];
