/**
 * Characters that a terminal obeys instead of showing them: control characters, and those that turn the direction of
 * what follows. File names and what servers say may hold them.
 */
const obeyed = /[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** A text of several lines with every such character in it made visible, as `\x1b`; tabs and line breaks stay. */
export function printable(text: string): string {
	return text.replace(obeyed, (character) =>
		character === '\n' || character === '\t' ? character : escaped(character),
	);
}

/** {@link printable} for what has to stay on one line, such as a file's name in a table. */
export function printableLine(text: string): string {
	return text.replace(obeyed, escaped);
}

function escaped(character: string): string {
	const code = character.charCodeAt(0).toString(16);
	return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
}
