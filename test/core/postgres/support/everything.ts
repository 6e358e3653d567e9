/** A database with whatever a dump can trip over; for PostgreSQL 13 and later. */
export const everything = String.raw`
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE SCHEMA "My Schema";
CREATE SCHEMA ünïcode;
CREATE TYPE mood AS ENUM ('sad', 'it''s fine', 'happy');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE span AS RANGE (subtype = float8);

CREATE TABLE plain (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO plain SELECT n, 'name ' || n FROM generate_series(1, 5000) n;
CREATE TABLE nothing_in_it (id integer);
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 7);

CREATE TABLE "My Schema"."My ""Table"" (1)" ("a;b" text, "select" citext);
INSERT INTO "My Schema"."My ""Table"" (1)" VALUES ('x', 'Y'), (NULL, E'tab\tline\nback\\slash'), ('\.', '\N');
CREATE TABLE ünïcode."таблица 表" (wert text);
INSERT INTO ünïcode."таблица 表" VALUES ('ä€😀'), (E'\u0001\u007f'), ('COPY plain (id) FROM stdin;'), ('$$');
CREATE TABLE "Robert'); DROP TABLE plain;--" (x integer);
INSERT INTO "Robert'); DROP TABLE plain;--" VALUES (1);
CREATE TABLE "line
break" (x integer);
INSERT INTO "line
break" VALUES (1), (2);

CREATE TABLE generated (
	id integer GENERATED ALWAYS AS IDENTITY,
	serial serial,
	price numeric,
	gross numeric GENERATED ALWAYS AS (price * 1.19) STORED,
	m mood DEFAULT 'sad', p pair, d positive, s span, j jsonb, b bytea, a text[]
);
INSERT INTO generated (price, m, p, d, s, j, b, a)
	SELECT n, 'it''s fine', ROW (n, 'x,"y')::pair, n, span(n, n + 1), jsonb_build_object('k', n), '\xdeadbeef00', ARRAY['a,b', NULL, '"']
	FROM generate_series(1, 50) n;

CREATE TABLE parted (at date, v integer) PARTITION BY RANGE (at);
CREATE TABLE parted_2025 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE parted_2026 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (v);
CREATE TABLE parted_2026_one PARTITION OF parted_2026 FOR VALUES IN (1);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
INSERT INTO parted VALUES ('2025-05-05', 1), ('2025-06-06', 2), ('2026-01-01', 1), ('1999-01-01', 3);

CREATE TABLE parent (id integer);
CREATE TABLE child (extra text) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 'two'), (3, 'three');

CREATE TABLE child_of_plain (plain_id integer REFERENCES plain (id), circular integer);
INSERT INTO child_of_plain VALUES (1, NULL), (2, NULL);
CREATE UNLOGGED TABLE unlogged (x integer);
INSERT INTO unlogged VALUES (1);

CREATE VIEW seen AS SELECT id FROM plain WHERE name LIKE '%''%';
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM plain;
CREATE INDEX ON plain USING gin (name gin_trgm_ops);

CREATE FUNCTION tricky() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
	-- COPY plain FROM stdin;
	PERFORM $q$
COPY plain (id, name) FROM stdin;
1	fooled
\.
$q$;
	RETURN ';';
END
$body$;
CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER changed BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION on_change();
CREATE RULE guarded AS ON DELETE TO nothing_in_it DO INSTEAD (SELECT 1; SELECT 2);
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON plain USING (name <> '');
COMMENT ON TABLE plain IS E'a comment; with ''quotes'' and\na line';
COMMENT ON COLUMN plain.name IS '-- PostgreSQL database dump complete';
GRANT SELECT ON plain TO PUBLIC;

SELECT lo_from_bytea(4711, '\x00010203');
SELECT lo_from_bytea(4712, convert_to(repeat('large object ', 5000), 'UTF8'));
SELECT setval('generated_serial_seq', 4242);
`;

/** What a census of {@link everything} must say, by the names as a dump writes them. */
export const everythingCounted = {
	'public.plain': 5000,
	'public.nothing_in_it': 0,
	'public.no_columns': 7,
	'"My Schema"."My ""Table"" (1)"': 3,
	'"ünïcode"."таблица 表"': 4,
	'public."Robert\'); DROP TABLE plain;--"': 1,
	'public."line\nbreak"': 2,
	'public.generated': 50,
	'public.parted_2025': 2,
	'public.parted_2026_one': 1,
	'public.parted_rest': 1,
	'public.parent': 1,
	'public.child': 2,
	'public.child_of_plain': 2,
	'public.unlogged': 1,
};
