import { copyTarget, SqlLexer, type SqlSegment } from '../../../../core/postgres/sql';

/** Segments with their bytes as text, and a COPY's rows put together again; added to those before them. */
type Plain = { kind: SqlSegment['kind']; text: string; line?: number; rows?: number };

function plain(segments: SqlSegment[], result: Plain[] = []): Plain[] {
	for (const segment of segments) {
		if (segment.kind === 'copy-data') {
			const last = result.at(-1)!;
			if (last.kind === 'copy-data') last.text += segment.chunk.toString('latin1');
			else result.push({ kind: segment.kind, text: segment.chunk.toString('latin1') });
		} else if (segment.kind === 'copy-end') {
			result.push({ kind: segment.kind, text: '', line: segment.line, rows: segment.rows });
		} else {
			result.push({ kind: segment.kind, text: segment.text.toString(), line: segment.line });
		}
	}
	return result;
}

function lex(sql: string | Buffer, cuts: number[] = []): Plain[] {
	const bytes = Buffer.from(sql);
	const lexer = new SqlLexer();
	const segments: SqlSegment[] = [];
	let from = 0;
	for (const cut of [...cuts, bytes.length]) {
		segments.push(...lexer.push(bytes.subarray(from, cut)));
		from = cut;
	}
	segments.push(...lexer.end());
	return plain(segments);
}

/** As lex(), where every chunk is overwritten as soon as its segments were taken. */
function lexUsingUp(sql: string, chunkBytes: number): Plain[] {
	const bytes = Buffer.from(sql);
	const lexer = new SqlLexer();
	const result: Plain[] = [];
	for (let from = 0; from < bytes.length; from += chunkBytes) {
		const chunk = Buffer.from(bytes.subarray(from, from + chunkBytes));
		plain(lexer.push(chunk), result);
		chunk.fill(0);
	}
	return plain(lexer.end(), result);
}

const texts = (sql: string) => lex(sql).map(({ text }) => text);

const trickyDump = String.raw`--
-- PostgreSQL database dump
--

\restrict 8sJ2kQ

-- Dumped from database version 15.4
SET standard_conforming_strings = on;
/* outer; /* inner; */ still 'a comment' */
CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $_$
BEGIN
COPY x FROM stdin;
\.
  RETURN '$$;' || $1; -- ';
END;
$_$;
CREATE OR REPLACE PROCEDURE public.atomic(a integer) LANGUAGE sql
    BEGIN ATOMIC
 SELECT CASE WHEN (a > 1) THEN 1 ELSE 2 END AS "case";
 INSERT INTO t VALUES ('end;');
END;
CREATE RULE r AS ON INSERT TO public.t DO ( SELECT 1; SELECT ')'; );
INSERT INTO public.t VALUES (E'it\'s; \\', 'x\', 'a''b;', "we;ird""", $1, U&'d\0061t', 1.5e10, a$b$c, é);
CREATE TABLE begin."copy FROM stdin" ("a;" text /* ; */, -- ;
  b integer DEFAULT 5/2-1);
COPY public."odd ""name" (a, "FROM stdin;") FROM stdin;
1	a\nb
\.x	not the end
2	\\.
\N	é
\.


COPY public.empty (a) FROM stdin;
\.
COPY public.nothing  FROM stdin;


\.
SELECT $tag$ $ta $tag $$ tag$ $tag$ || $$a;$$;
COPY (SELECT 1) TO stdout;
COPY public.t FROM '/tmp/stdin';
\unrestrict 8sJ2kQ
-- PostgreSQL database dump complete`;

describe('the SQL lexer', () => {
	it('takes semicolons between statements for space, wherever the chunks are cut', () => {
		const sql = '; ;;\nSELECT 1;;; -- c\n;\\echo x\n;CREATE TABLE t (a int);;';
		const expected = ['SELECT 1;', '-- c', '\\echo x', 'CREATE TABLE t (a int);'];
		for (let cut = 0; cut < sql.length; cut++)
			expect(lex(sql, [cut]).map(({ text }) => text)).toEqual(expected);
	});

	it('cuts a dump into its statements, comments, psql commands and rows', () => {
		const segments = lex(trickyDump);

		expect(segments.map(({ kind, line }) => `${kind} ${line ?? ''}`.trim())).toEqual([
			'comment 1',
			'comment 2',
			'comment 3',
			'psql-command 5',
			'comment 7',
			'statement 8',
			'comment 9',
			'statement 10',
			'statement 17',
			'statement 22',
			'statement 23',
			'statement 24',
			'copy-start 26',
			'copy-data',
			'copy-end 31',
			'copy-start 34',
			'copy-end 35',
			'copy-start 36',
			'copy-data',
			'copy-end 39',
			'statement 40',
			'statement 41',
			'statement 42',
			'psql-command 43',
			'comment 44',
		]);
		expect(segments.find(({ kind }) => kind === 'copy-data')!.text).toBe(
			Buffer.from('1\ta\\nb\n\\.x\tnot the end\n2\t\\\\.\n\\N\té\n').toString('latin1'),
		);
		expect(segments.filter(({ kind }) => kind === 'copy-end').map(({ rows }) => rows)).toEqual([4, 0, 2]);
		expect(segments.at(-1)!.text).toBe('-- PostgreSQL database dump complete');
	});

	it('loses no byte of a statement', () => {
		const statements = lex(trickyDump).filter(({ kind }) => kind === 'statement' || kind === 'copy-start');

		for (const { text } of statements) expect(trickyDump).toContain(text);
		expect(statements[1]!.text).toMatch(/^CREATE FUNCTION[^]*\n\$_\$;$/);
		expect(statements[2]!.text).toMatch(/^CREATE OR REPLACE PROCEDURE[^]*\nEND;$/);
	});

	it('gives the same segments wherever the stream is cut', () => {
		const bytes = Buffer.from(trickyDump);
		const whole = lex(bytes);

		for (let cut = 1; cut < bytes.length; cut++) expect(lex(bytes, [cut])).toEqual(whole);
	});

	it('gives the same segments when every byte comes alone, and for any size of chunk', () => {
		const bytes = Buffer.from(trickyDump);
		const whole = lex(bytes);

		for (const size of [1, 2, 3, 5, 7, 11, 64]) {
			const cuts = Array.from({ length: Math.floor((bytes.length - 1) / size) }, (_, i) => (i + 1) * size);
			expect(lex(bytes, cuts)).toEqual(whole);
		}
	});

	it('hands rows on without copying them', () => {
		const lexer = new SqlLexer();
		lexer.push(Buffer.from('COPY t (a) FROM stdin;\n'));
		const chunk = Buffer.from('one\ntwo\nthr');

		const [rows] = lexer.push(chunk);

		expect(rows).toMatchObject({ kind: 'copy-data' });
		expect((rows as { chunk: Buffer }).chunk.buffer).toBe(chunk.buffer);
	});

	it('takes backslashes in plain strings for escapes where the dump says so', () => {
		expect(texts(String.raw`SET standard_conforming_strings = off; SELECT 'a\'; b'; SELECT 2;`)).toEqual([
			'SET standard_conforming_strings = off;',
			String.raw`SELECT 'a\'; b';`,
			'SELECT 2;',
		]);
	});

	// The right values are what psql 15 sends of the same text.
	it.each([
		['a quote right behind a number', 'SELECT 1$$;$$; SELECT 2;', ['SELECT 1$$;$$;', 'SELECT 2;']],
		['a quote right behind a parameter', 'SELECT $1$a$;$a$; SELECT 2;', ['SELECT $1$a$;$a$;', 'SELECT 2;']],
		['a quote behind an exponent', 'SELECT 1e5 $a$;$a$; x;', ['SELECT 1e5 $a$;$a$;', 'x;']],
		['a comment that a return ends', 'SELECT 1 -- a\r; SELECT 2;\n', ['SELECT 1 -- a\r;', 'SELECT 2;']],
		['a return behind a comment', '-- a\rSELECT 2;\n', ['-- a', 'SELECT 2;']],
	])('cuts %s as the server does', (_what, sql, statements) => {
		expect(texts(sql)).toEqual(statements);
		for (let cut = 1; cut < sql.length; cut++)
			expect(lex(sql, [cut]).map(({ text }) => text)).toEqual(statements);
	});

	it.each(['SELECT 1e5$a$;$a$;', 'SELECT 0x1F$$;$$;', 'SELECT 1_000$a$;$a$;', 'SELECT 1a$b;'])(
		'does not guess what %s is, of which servers of two versions see something else',
		(sql) => {
			const message =
				'A number with letters and a dollar sign is in the statement that begins on line 1 of the dump';
			expect(() => lex(sql)).toThrow(message);
			for (let cut = 1; cut < sql.length; cut++) expect(() => lex(sql, [cut])).toThrow(message);
		},
	);

	it.each(["SELECT $1$E'it\\'s;';", 'SELECT $x;', "SELECT $e'\\';';"])(
		'does not guess what the dollar sign of %s begins',
		(sql) => {
			const message =
				'A dollar sign that begins no quote is in the statement that begins on line 1 of the dump';
			expect(() => lex(sql)).toThrow(message);
			for (let cut = 1; cut < sql.length; cut++) expect(() => lex(sql, [cut])).toThrow(message);
		},
	);

	it('reads lines that end as on Windows', () => {
		const segments = lex('COPY t (a) FROM stdin;\r\n1\r\n\\.\r\nSELECT 1;\r\n');

		expect(segments.map(({ kind }) => kind)).toEqual(['copy-start', 'copy-data', 'copy-end', 'statement']);
	});

	it.each([
		['COPY public.t (a) FROM stdin;\n1\n2\n', 'The dump ends inside the rows of public.t.'],
		['COPY public.t (a) FROM stdin;', 'The dump ends inside the rows of public.t.'],
		['SELECT 1;\n\nSELECT 2', 'The dump ends inside the statement that begins on line 3.'],
		["SELECT 'a;", 'The dump ends inside the statement that begins on line 1.'],
		['SELECT $a$ ;$a', 'The dump ends inside the statement that begins on line 1.'],
		['SELECT 1;\n/* never /* ends */', 'The dump ends inside the comment of line 2.'],
	])('says where %j was cut off', (sql, message) => {
		expect(() => lex(sql)).toThrow(message);
	});

	it('reads an empty file as no segments', () => {
		expect(lex('')).toEqual([]);
		expect(lex('\n \n')).toEqual([]);
	});
});

describe('the target of a COPY', () => {
	it.each([
		['COPY public.t (a, b) FROM stdin;', 'public.t'],
		['COPY public.nothing  FROM stdin;', 'public.nothing'],
		['COPY "Odd schema"."a ""b"" (c)" (a) FROM stdin;', '"Odd schema"."a ""b"" (c)"'],
		['COPY "a.b".c FROM stdin;', '"a.b".c'],
		['COPY öffentlich.größe (ä) FROM stdin;', 'öffentlich.größe'],
	])('of %s is %s', (statement, table) => {
		expect(copyTarget(Buffer.from(statement))).toBe(table);
	});
});

test.each([1, 7, 64, 1000])(
	'nothing of a chunk of %d bytes is needed once its segments are',
	(chunkBytes) => {
		expect(lexUsingUp(trickyDump, chunkBytes)).toEqual(lex(trickyDump));
	},
);
