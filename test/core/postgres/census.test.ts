import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { DumpInspector, InspectingStream } from '../../../core/postgres/census';

const dump = String.raw`--
-- PostgreSQL database dump
--

\restrict qM1

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 18.3

SET standard_conforming_strings = on;

CREATE FUNCTION public.tricky() RETURNS void
    LANGUAGE plpgsql AS $_$
COPY public.not_a_table FROM stdin;
1
\.
-- PostgreSQL database dump complete
$_$;

CREATE TABLE public.plain (
    a integer
);
CREATE UNLOGGED TABLE public."My ""Table""" (
    a text
);

COPY public.plain (a) FROM stdin;
1
\N
3
\.


COPY public."My ""Table""" (a) FROM stdin;
COPY public.plain (a) FROM stdin;
\\.
ünï
\.


COPY public.empty (a) FROM stdin;
\.


COPY public.no_columns  FROM stdin;


\.

BEGIN;
SELECT pg_catalog.lo_open('16400', 131072);
SELECT pg_catalog.lowrite(0, '\x616263');
SELECT pg_catalog.lo_close(0);
COMMIT;

--
-- PostgreSQL database dump complete
--

\unrestrict qM1

`;

const counted = {
	census: {
		kind: 'postgres',
		tables: {
			'public.plain': 3,
			'public."My ""Table"""': 3,
			'public.empty': 0,
			'public.no_columns': 2,
		},
		rows: 8,
		largeObjects: 1,
	},
	definedTables: 2,
	of: 'database',
	serverVersion: '15.18 (Debian 15.18-0+deb12u1)',
	pgDumpVersion: '18.3',
};

function inspect(...chunks: Array<string | Buffer>) {
	const inspector = new DumpInspector();
	for (const chunk of chunks) inspector.take(Buffer.from(chunk));
	return inspector.finish();
}

test('rows are counted by table, whatever function bodies and values look like', () => {
	expect(inspect(dump)).toEqual(counted);
});

test('it makes no difference where the chunks are cut', () => {
	const bytes = Buffer.from(dump);
	for (let cut = 0; cut <= bytes.length; cut++) {
		expect(inspect(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(counted);
	}
});

test('it makes no difference when every byte comes alone', () => {
	expect(inspect(...[...Buffer.from(dump)].map((byte) => Buffer.of(byte)))).toEqual(counted);
});

test('rows of a table that is copied in two parts are added up', () => {
	const twice = `COPY a FROM stdin;\n1\n\\.\nCOPY a FROM stdin;\n2\n3\n\\.\n-- PostgreSQL database dump complete\n`;
	expect(inspect(twice).census.tables).toEqual({ a: 3 });
});

test('a dump without its last line is incomplete', () => {
	const cut = dump.slice(0, dump.indexOf('--\n-- PostgreSQL database dump complete\n--\n'));
	expect(() => inspect(cut)).toThrow(
		'The dump ends without its last line, “-- PostgreSQL database dump complete”. Run the backup again',
	);
});

test('a dump that ends among rows is incomplete', () => {
	expect(() => inspect(dump.slice(0, dump.indexOf('\\N\n3')))).toThrow('public.plain');
});

test('a last line that is followed by more is not the last line', () => {
	expect(() => inspect(dump, 'SELECT 1;\n')).toThrow('ends without its last line');
});

test('text within a function body is no last line', () => {
	expect(() => inspect(`SELECT $$\n-- PostgreSQL database dump complete\n$$;\n`)).toThrow(
		'ends without its last line',
	);
});

test('a dump passes through the inspecting stream unchanged', async () => {
	const inspector = new DumpInspector();
	const passed: Buffer[] = [];
	const sink = new Writable({
		write(chunk: Buffer, _encoding, callback) {
			passed.push(chunk);
			callback();
		},
	});
	await pipeline(Readable.from([Buffer.from(dump)]), new InspectingStream(inspector), sink);
	expect(Buffer.concat(passed).toString()).toBe(dump);
	expect(inspector.finish()).toEqual(counted);
});
