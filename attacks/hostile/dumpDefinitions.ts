import { callOf, type Trick } from './dumpTricks.ts';

/**
 * What the database itself runs when it is filled, with the rights of who restores. A superuser’s reach everywhere, so
 * these are for everybody else: docs/restore.md says it.
 */
export const definitions: Trick = (prey, random) => {
	const call = callOf(prey, random);
	const { trace, victim, role } = prey;
	const body = random.pick([
		`PERFORM ${call};`,
		`EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch ${trace}''';`,
		`EXECUTE 'COPY (SELECT 1) TO ''${trace}''';`,
		`EXECUTE 'ALTER ROLE ${role} SUPERUSER';`,
		`EXECUTE 'CREATE ROLE evil';`,
		`EXECUTE 'ALTER DATABASE ${victim} SET search_path TO nothing';`,
		`EXECUTE 'COMMENT ON DATABASE ${victim} IS ''mine''';`,
		`UPDATE pg_authid SET rolsuper = true;`,
		`EXECUTE 'RESET SESSION AUTHORIZATION'; EXECUTE 'CREATE ROLE evil';`,
		`EXECUTE 'SET ROLE postgres'; EXECUTE 'CREATE ROLE evil';`,
	]);
	const evil = `CREATE FUNCTION public.evil(anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $evil$BEGIN ${body} RETURN $1; END$evil$;`;
	return random.pick([
		`CREATE TABLE public.made (a text DEFAULT ${call}::text, b int);\nCOPY public.made (b) FROM stdin;\n1\n\\.\n`,
		`CREATE VIEW public.seen AS SELECT * FROM pg_authid;\nUPDATE public.seen SET rolsuper = true;`,
		`CREATE MATERIALIZED VIEW public.made AS SELECT ${call};`,
		`${evil}\nCREATE INDEX ON public.texts (public.evil(a));`,
		`${evil}\nALTER TABLE public.texts ADD CHECK (public.evil(a) <> '');`,
		`${evil}\nCREATE MATERIALIZED VIEW public.made AS SELECT public.evil(1) WITH NO DATA;\nREFRESH MATERIALIZED VIEW public.made;`,
		`CREATE FUNCTION public.fired() RETURNS trigger LANGUAGE plpgsql AS $evil$BEGIN ${body} RETURN NEW; END$evil$;
			CREATE TRIGGER t BEFORE INSERT ON public.rows FOR EACH ROW EXECUTE FUNCTION public.fired();
			COPY public.rows (a) FROM stdin;\n7\n\\.\n`,
		`CREATE FUNCTION public.system(cstring) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';`,
		`CREATE EXTENSION file_fdw;\nCREATE SERVER s FOREIGN DATA WRAPPER file_fdw;
			CREATE FOREIGN TABLE public.run (a text) SERVER s OPTIONS (program 'touch ${trace}');
			CREATE MATERIALIZED VIEW public.made AS SELECT * FROM public.run;`,
		`CREATE EVENT TRIGGER evil ON ddl_command_end EXECUTE FUNCTION public.fired();`,
	]);
};
