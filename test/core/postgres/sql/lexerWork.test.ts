import { DumpInspector } from '../../../../core/postgres/census';
import { SqlLexer } from '../../../../core/postgres/sql';

const chunkBytes = 1024;

/** Bytes that the lexer copied while it read a text in chunks. What it looks at again it must have kept, by copying. */
function copiedBytes(parts: readonly [start: string, repeated: string, end: string], repetitions: number) {
	const text = Buffer.from(`${parts[0]}${parts[1].repeat(repetitions)}${parts[2]}`);
	const concat = jest.spyOn(Buffer, 'concat');
	const from = jest.spyOn(Buffer, 'from');
	const lexer = new SqlLexer();
	for (let at = 0; at < text.length; at += chunkBytes) lexer.push(text.subarray(at, at + chunkBytes));
	lexer.end();
	const results = [...concat.mock.results, ...from.mock.results] as Array<{ value: Buffer }>;
	const copied = results.reduce((sum, { value }) => sum + value.length, 0);
	jest.restoreAllMocks();
	return copied / text.length;
}

test.each<[string, string, string, string]>([
	['one word', 'SELECT ', 'word', ';'],
	['one number', 'SELECT ', '12345', ';'],
	['one string', "SELECT '", "it''s ", "';"],
	['one string with escapes', "SELECT E'", "\\'\\\\", "';"],
	['one quoted identifier', 'SELECT "', 'a""', '";'],
	['one dollar quote', 'SELECT $tag$', '$tag $ta ', '$tag$;'],
	['dollars that quote nothing', 'SELECT ', '$1 $2', ';'],
	['one comment on a line', '--', ' comment', '\n'],
	['one comment in a statement', 'SELECT 1 /*', '/* * / */', '*/;'],
	['nested comments', '/*', '/**/ * / ', '*/'],
	['one psql command', '\\', 'echo ', '\n'],
	['spaces', 'SELECT 1', ' ', ';'],
	['operators', 'SELECT 1', '-/', '1;'],
	['the rest of the line of a COPY', 'COPY t FROM stdin;', ' ', '\n\\.\n'],
	['one row', 'COPY t FROM stdin;\n', 'value', '\n\\.\n'],
	['rows', 'COPY t FROM stdin;\n', '\\\\.\n', '\\.\n'],
	['statements', '', 'SELECT 1;', ''],
])('reading %s takes work in proportion to its length', (_name, ...parts) => {
	const [small, large] = [copiedBytes(parts, 10_000), copiedBytes(parts, 80_000)];
	expect(large).toBeLessThan(small * 1.5 + 0.1);
	expect(large).toBeLessThan(4);
});

const limit = 64 * 1024 * 1024;

/** Feeds a text until the lexer refuses it, and says how much it took. */
function feedUntilRefused(start: string, chunk: string): { taken: number; message: string } {
	const lexer = new SqlLexer();
	const bytes = Buffer.alloc(1024 * 1024, chunk);
	let taken = 0;
	try {
		lexer.push(Buffer.from(start));
		for (; taken < 2 * limit; taken += bytes.length) lexer.push(bytes);
	} catch (error) {
		return { taken, message: (error as Error).message };
	}
	return { taken, message: 'was taken' };
}

test.each([
	['a word', 'SELECT ', 'a'],
	['a string', "SELECT '", 'a'],
	['a dollar quote', 'SELECT $$', 'a'],
	['a comment', '/*', 'a'],
	['a comment on one line', '--', 'a'],
	['a psql command', '\\', 'a'],
	['values', 'INSERT INTO t VALUES ', '(1), '],
	['the line of a COPY', 'COPY t FROM stdin; ', ' '],
])('%s without end is refused at 64 MB', (_name, start, chunk) => {
	expect(feedUntilRefused(start, chunk)).toEqual({
		taken: limit - 1024 * 1024,
		message: expect.stringContaining(
			'The statement that begins on line 1 of the dump is longer than 64 MB. Use psql for it;',
		) as string,
	});
});

test('rows and lines without end are not held, so nothing limits them', () => {
	expect(feedUntilRefused('COPY t FROM stdin;\n', 'value').message).toBe('was taken');
	expect(feedUntilRefused('COPY t FROM stdin;\n', '1\n').message).toBe('was taken');
});

test('the name of a dollar quote without end is refused', () => {
	expect(feedUntilRefused('SELECT $', 'a').message).toContain(
		'A dollar sign in the statement that begins on line 1 of the dump has 65536 bytes behind it.',
	);
});

test.each([
	['SELECT 1\n\\gexec\n', 1],
	['SELECT 1;\nINSERT INTO t VALUES (\n\\.\n', 2],
	['CREATE FUNCTION f() BEGIN ATOMIC\nSELECT 1;\nCOPY t FROM stdin;\n1\n\\.\n', 1],
])('a psql command inside a statement is no segment but an error: %j', (sql, line) => {
	expect(() => new SqlLexer().push(Buffer.from(sql))).toThrow(
		`A command for psql is inside the statement that begins on line ${line} of the dump.`,
	);
});

test('millions of the shortest statements are read without a string for each step', () => {
	const made = jest.spyOn(Buffer.prototype, 'toString');
	const inspector = new DumpInspector();
	inspector.take(Buffer.from(`-- PostgreSQL database dump\n${'a;'.repeat(1000)}${';'.repeat(1000)}`));
	const strings = made.mock.calls.length;
	jest.restoreAllMocks();
	expect(strings).toBeLessThan(1100);
});
