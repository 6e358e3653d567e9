import { TableFilter } from '../../../../core/postgres/restore/tableFilter';

const choose = (tables: string[], statements: string[]) => {
	const filter = new TableFilter(tables);
	return { chosen: statements.flatMap((statement) => filter.choose(statement)), filter };
};

test('keeps what belongs to the chosen tables, in order, and leaves out what belongs to others', () => {
	const kept = [
		"SET default_tablespace = '';",
		'CREATE SCHEMA app;',
		"CREATE TYPE app.mood AS ENUM (\n    'sad'\n);",
		'CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;',
		'CREATE TABLE app.users (\n    id integer\n);',
		'ALTER TABLE app.users OWNER TO n8n;',
		"COMMENT ON TABLE app.users IS 'x';",
		"COMMENT ON COLUMN app.users.id IS 'x';",
		'CREATE SEQUENCE app.users_id_seq\n    START WITH 1;',
		'ALTER TABLE app.users_id_seq OWNER TO n8n;',
		'ALTER SEQUENCE app.users_id_seq OWNED BY app.users.id;',
		"ALTER TABLE ONLY app.users ALTER COLUMN id SET DEFAULT nextval('app.users_id_seq'::regclass);",
		'CREATE SEQUENCE app.free\n    START WITH 1;',
		"SELECT pg_catalog.setval('app.users_id_seq', 5, true);",
		"SELECT pg_catalog.setval('app.free', 5, true);",
		'ALTER TABLE ONLY app.users\n    ADD CONSTRAINT users_pkey PRIMARY KEY (id);',
		'CREATE INDEX users_i ON app.users USING btree (id);',
		'ALTER TABLE ONLY app.users\n    ADD CONSTRAINT boss FOREIGN KEY (boss) REFERENCES app.users(id);',
		'GRANT SELECT ON TABLE app.users TO reader;',
	];
	const leftOut = [
		'CREATE TABLE app.others (\n    id integer\n);',
		'CREATE SEQUENCE app.others_id_seq\n    START WITH 1;',
		'ALTER SEQUENCE app.others_id_seq OWNED BY app.others.id;',
		'ALTER TABLE app.others ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY (\n    SEQUENCE NAME app.others_n_seq\n    START WITH 1\n);',
		"SELECT pg_catalog.setval('app.others_id_seq', 5, true);",
		"SELECT pg_catalog.setval('app.others_n_seq', 5, true);",
		'CREATE VIEW app.seen AS SELECT 1;',
		'CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS $$ SELECT 1; $$;',
		'CREATE INDEX others_i ON ONLY app.others USING btree (id);',
		'ALTER TABLE ONLY app.users\n    ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES app.others(id);',
		'ALTER TABLE ONLY app.parted ATTACH PARTITION app.users FOR VALUES IN (1);',
		'GRANT SELECT ON TABLE app.others TO reader;',
		"SELECT pg_catalog.lo_create('1');",
	];
	// The order of a dump: each group as it is, one after the other.
	const { chosen, filter } = choose(['app.users'], [...kept.slice(0, 12), ...leftOut, ...kept.slice(12)]);

	expect(chosen).toEqual(kept);
	expect(filter.wantsRows('app.users')).toBe(true);
	expect(filter.wantsRows('app.others')).toBe(false);
});

test('a foreign key or a partition stays when both tables are chosen', () => {
	const statements = [
		'ALTER TABLE ONLY app.a\n    ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES app.b(id);',
		'ALTER TABLE ONLY app.a ATTACH PARTITION app.b FOR VALUES IN (1);',
	];

	expect(choose(['app.a', 'app.b'], statements).chosen).toEqual(statements);
});

test('names with quotes, dots and spaces are told apart', () => {
	const statement = 'CREATE TABLE "My App"."a.b ""c"" (" (\n    id integer\n);';

	expect(choose(['"My App"."a.b ""c"" ("'], [statement]).chosen).toEqual([statement]);
	expect(choose(['"My App".a'], [statement]).chosen).toEqual([]);
});

test('a child without its parent is refused with both names', () => {
	const statement = 'CREATE TABLE app.dog (\n    barks boolean\n)\nINHERITS (app.animal);';

	expect(() => choose(['app.dog'], [statement])).toThrow(
		'app.dog inherits from app.animal, which is not to be restored. Choose app.animal, too.',
	);
});

test('tables that the dump does not have are named with those that come nearest', () => {
	const statements = [
		'CREATE TABLE app.users (\n);',
		'CREATE TABLE app."Type" (\n);',
		'CREATE TABLE app.other (\n);',
	];
	const { filter } = choose(['app.users', 'app.user', 'typo'], statements);

	expect(() => filter.assertAllFound()).toThrow(
		'The dump has no table app.user, typo (it has app.users, app."Type").',
	);
});

test('tables that the dump has are no error', () => {
	const { filter } = choose(['app.users'], ['CREATE TABLE app.users (\n);']);

	expect(() => filter.assertAllFound()).not.toThrow();
});
