import { SqlLexer } from '../../../../core/postgres/sql';

/** What comes after the function: where a body swallows it, the table's rows are gone from every count. */
const after = 'COPY public.t (a) FROM stdin;\n1\n\\.\nSELECT 1;\n';

function kinds(sql: string): string[] {
	const lexer = new SqlLexer();
	return [...lexer.push(Buffer.from(sql)), ...lexer.end()].map(({ kind }) => kind);
}

const routine = (body: string, head = 'CREATE FUNCTION public.f(a integer) RETURNS integer LANGUAGE sql') =>
	`${head}\n    BEGIN ATOMIC\n${body}\nEND;\n`;

test.each<[string, string]>([
	['a column named begin', routine(' SELECT t.begin FROM public.t;')],
	['a table named begin', routine(' SELECT begin.a FROM public.begin;')],
	['a table named begin under the alias atomic', routine(' SELECT atomic.a FROM public.begin atomic;')],
	['quoted keywords', routine(' SELECT t."end", t."case", t."begin" AS "end" FROM public.t;')],
	['labels that are keywords', routine(' SELECT t.a AS end, t.a AS case, t.end, t.case FROM public.t;')],
	['labels without AS', routine(' SELECT 1 end;\n SELECT 2 case;\n SELECT t.a begin FROM t;')],
	['CASE in CASE', routine(' SELECT CASE WHEN (a > 1) THEN CASE a WHEN 2 THEN 3 END ELSE 4 END;')],
	['a CASE that a statement begins with no more than END', routine(' RETURN CASE WHEN a > 1 THEN 1 END;')],
	[
		'strings and comments with keywords',
		routine(" SELECT 'BEGIN ATOMIC'; -- END\n /* END; */ SELECT $$ END; $$;"),
	],
	['empty statements', routine(' ;; SELECT 1;')],
	['an empty body', routine('')],
	[
		'comments between the words',
		'CREATE FUNCTION f() RETURNS int BEGIN /* ; */ ATOMIC -- ;\n SELECT 1; END;\n',
	],
	['lower case', 'create or replace procedure p() begin atomic select 1; end;\n'],
	[
		'a function named begin',
		routine(' SELECT 1;', 'CREATE FUNCTION public.begin() RETURNS integer LANGUAGE sql'),
	],
	[
		'a schema named begin',
		routine(' SELECT 1;', 'CREATE OR REPLACE PROCEDURE begin.p(begin integer) LANGUAGE sql'),
	],
	['a type named begin', routine(' SELECT 1;', 'CREATE FUNCTION public.f() RETURNS begin LANGUAGE sql')],
	[
		'a function named begin with a body of text',
		'CREATE FUNCTION public.begin() RETURNS text AS $$ BEGIN ATOMIC $$;\n',
	],
	[
		'a function that takes and returns begin',
		'CREATE FUNCTION begin.begin(begin begin) RETURNS begin.begin AS $$x$$;\n',
	],
	['no routine', 'ALTER TABLE begin atomic;\n'],
])('%s does not swallow what follows a function', (_name, sql) => {
	expect(kinds(sql + after)).toEqual(['statement', 'copy-start', 'copy-data', 'copy-end', 'statement']);
});

test('every statement of a body belongs to the function', () => {
	const lexer = new SqlLexer();
	const sql = routine(' INSERT INTO t VALUES (1);\n SELECT CASE a WHEN 1 THEN 2 END;').trimEnd();
	const [segment, ...others] = [...lexer.push(Buffer.from(sql)), ...lexer.end()];
	expect(segment).toMatchObject({ kind: 'statement', text: Buffer.from(sql) });
	expect(others).toEqual([]);
});

test('a body that never ends is said to be cut off, not taken for what follows', () => {
	expect(() => kinds('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;\n')).toThrow(
		'The dump ends inside the statement that begins on line 1.',
	);
});
