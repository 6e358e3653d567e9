import { type Reading, readingAfter, SqlLexer, usualReading } from '../../../../core/postgres/sql';

const plainStrings: Reading = { standardStrings: false, encoding: 'UTF8' };

test.each<[string, Reading | 'unclear']>([
	['SET standard_conforming_strings = off;', plainStrings],
	['set session standard_conforming_strings to OFF;', plainStrings],
	["SET standard_conforming_strings = 'no';", plainStrings],
	['SET /* so */ "Standard_Conforming_Strings" = 0;', plainStrings],
	["SET client_encoding = 'SJIS';", { standardStrings: true, encoding: 'SJIS' }],
	['SET Client_Encoding TO latin1;', { standardStrings: true, encoding: 'latin1' }],
	["SET NAMES 'BIG5';", { standardStrings: true, encoding: 'BIG5' }],
	['SET standard_conforming_strings = maybe;', 'unclear'],
	['SET standard_conforming_strings TO DEFAULT;', 'unclear'],
	['SET LOCAL standard_conforming_strings = off;', 'unclear'],
	["SET client_encoding = E'SJI\\x53';", 'unclear'],
	["SET client_encoding = 'SJ'\n'IS';", 'unclear'],
	['SET U&"client\\005fencoding" = SJIS;', 'unclear'],
	['SET NAMES DEFAULT;', 'unclear'],
	['RESET client_encoding;', 'unclear'],
	['RESET "Standard_Conforming_Strings";', 'unclear'],
	['reset all;', 'unclear'],
	['SET search_path = standard_conforming_strings;', usualReading],
	['RESET work_mem;', usualReading],
	["SELECT 'SET standard_conforming_strings = off;';", usualReading],
	['SETTLE standard_conforming_strings;', usualReading],
])('after %s the server reads so: %j', (statement, reading) => {
	expect(readingAfter(Buffer.from(statement))).toEqual(reading);
});

test.each([1, 2, 3, 7, 1000])(
	'a string of SJIS ends where PostgreSQL ends it, in chunks of %i bytes',
	(size) => {
		const sql = Buffer.from(
			"SET client_encoding = 'SJIS';\nSELECT E'\x95\x5c';\nSELECT E'\xb1\\';';\n",
			'latin1',
		);
		const lexer = new SqlLexer();
		const segments = [];
		for (let at = 0; at < sql.length; at += size) segments.push(...lexer.push(sql.subarray(at, at + size)));
		segments.push(...lexer.end());

		expect(segments.map((segment) => 'text' in segment && segment.text.toString('latin1'))).toEqual([
			"SET client_encoding = 'SJIS';",
			"SELECT E'\x95\x5c';",
			"SELECT E'\xb1\\';';",
		]);
	},
);
