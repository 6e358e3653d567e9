/** A pattern of pg_dump's as the regular expressions that it asks the server for. */
export interface NamePattern {
	/** Undefined: schemas on the search path. */
	schema?: string;
	name: string;
}

/** Characters that mean something in a regular expression; within quotes they stand for themselves. */
const special = /[|*+?()[\]{}.^$\\]/;

/**
 * Reads a pattern as pg_dump and psql do: unquoted letters are folded to lower case, `*` and `?` are wildcards, dots
 * separate schema and name, other characters of regular expressions keep their meaning outside of quotes.
 *
 * Source: PostgreSQL's documentation of psql, "Patterns", and patternToSQLRegex in fe_utils/string_utils.c.
 */
export function readPattern(pattern: string): NamePattern {
	const parts = [''];
	let isQuoted = false;
	for (let at = 0; at < pattern.length; at++) {
		const character = pattern[at]!;
		const last = parts.length - 1;
		if (character === '"') {
			const isDoubled = isQuoted && pattern[at + 1] === '"';
			if (isDoubled) at++;
			else isQuoted = !isQuoted;
			parts[last] += isDoubled ? '"' : '';
		} else if (!isQuoted && character === '.') {
			parts.push('');
		} else {
			parts[last] += isQuoted ? quoted(character) : unquoted(character);
		}
	}
	const [name = '', schema] = parts.reverse();
	return { name: whole(name), ...(schema === undefined ? {} : { schema: whole(schema) }) };
}

function quoted(character: string): string {
	return special.test(character) ? `\\${character}` : character;
}

function unquoted(character: string): string {
	switch (character) {
		case '*':
			return '.*';
		case '?':
			return '.';
		case '$':
			return '\\$';
		default:
			return /[A-Z]/.test(character) ? character.toLowerCase() : character;
	}
}

function whole(expression: string): string {
	return `^(${expression})$`;
}
