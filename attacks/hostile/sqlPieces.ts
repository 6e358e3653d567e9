import type { Random } from '../../lab/random.ts';

/** What hides a semicolon, or seems to. */
const hiding = [
	...[
		`'a;b'`,
		`'it''s;'`,
		`'back\\'`,
		`'two\\\\'`,
		`E'it\\'s;'`,
		`e'\\\\'`,
		`E'\\';'''`,
		`B'01'`,
		`X'1F'`,
		`N'n;'`,
	],
	...[`U&'d\\0061t;'`, `'one'\n'two;'`, `E'one\\''\n'two;\\''`, `'one' -- ;\n 'two'`, `U&"d\\0061t"`],
	...[
		`$$a;b$$`,
		`$a$ $$ ; $a$`,
		`$a$ $b$ ; $b$ $a$`,
		`$ä$;$ä$`,
		`$_1$;$_1$`,
		`$a$;$A$;$a$`,
		`a$b$c`,
		`a$$`,
		`$1`,
		`$1$`,
	],
	...[
		`"a;b"`,
		`"a""b;"`,
		`"a'b;"`,
		`/* ; */`,
		`/* /* ; */ ; */`,
		`/*'*/`,
		`/*$$*/`,
		`/*--*/`,
		`-- ;\n`,
		`-- '\n`,
		`--$$\n`,
	],
	...[
		`/**/`,
		`/*/**/*/`,
		`/ *`,
		`- -`,
		`<-- x;\n`,
		`*/`,
		`@-- ;\n`,
		`+/* ; */1`,
		`1e5`,
		`1.5e`,
		`0x1F`,
		`1_000`,
		`.5`,
		`1..2`,
	],
];

const words = [
	'SELECT',
	'1',
	'x',
	'e',
	'E',
	'n',
	'u&',
	'U&',
	'b',
	'select',
	'AS',
	'::text',
	'||',
	',',
	'=',
	':',
	'ä',
	'日本',
];

/**
 * Statements that have others in them, and those that set how strings are read. (Of a function that is called `begin`
 * psql sees no end, though the server does.)
 */
const holding = [
	'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;',
	'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;',
	'CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT 1; END;',
	'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);',
	'BEGIN; SELECT 1; END;',
	'SELECT (1;2);',
	'SELECT ((1);2));',
	`DO $x$ BEGIN PERFORM 1; END $x$;`,
	// It counts for psql from the next line on.
	'SET standard_conforming_strings = off;\n',
	'SET standard_conforming_strings = on;\n',
	'set standard_conforming_strings to off;\n',
	';',
	';;',
];

/** SQL that is hard to cut into statements: pieces of it in any order, and sometimes a few bytes of it wrong. */
export function randomSql(random: Random): string {
	const isSpoiled = random.below(3) === 0;
	const statements = Array.from({ length: 1 + random.below(5) }, () =>
		!isSpoiled && random.below(4) === 0 ? random.pick(holding) : statement(random),
	);
	const sql = statements.join(random.pick(['', ' ', '\n', '\n\n']));
	return isSpoiled ? spoil(sql, random) : sql;
}

function statement(random: Random): string {
	const pieces = Array.from({ length: 1 + random.below(6) }, () =>
		random.pick(random.below(3) === 0 ? words : hiding),
	);
	return `${random.pick(['SELECT ', '', 'select'])}${pieces.join(random.pick([' ', ' ', '', '\n', ', ']))};`;
}

/** Bytes that begin or end something. */
const sharp = [...`'"$;/*-()eE\n `];

function spoil(sql: string, random: Random): string {
	const all = [...sql];
	for (let times = 1 + random.below(3); times > 0; times--) {
		const at = random.below(all.length + 1);
		if (random.below(2) === 0) all.splice(at, 1);
		else all.splice(at, random.below(2), random.pick(sharp));
	}
	return all.join('');
}
