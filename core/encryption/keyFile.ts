/**
 * The keys in a text as age and people write them: one a line, beside comments (`# public key: …`) and empty lines.
 * What is no key stays in the list; whoever uses it says so.
 */
export function keysIn(text: string): string[] {
	return text
		.split(/\r?\n/)
		.map((line) => line.trim())
		.filter((line) => line !== '' && !line.startsWith('#'));
}
