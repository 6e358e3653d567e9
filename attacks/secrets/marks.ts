import { randomBytes } from 'node:crypto';

/** A secret that stands nowhere else, so that wherever a piece of it is, it came from here. */
export interface Mark {
	/** As a person calls it: “the password of Redis”. */
	what: string;
	/** What goes into a credential. */
	secret: string;
	/** Pieces of it that no program changes, whatever it escapes; each is enough to be found. */
	words: string[];
}

/** Letters and digits around all that URLs, JSON, shells, SQL and connection strings have to escape. */
export function markedPassword(what: string): Mark {
	const words = [word(), word()];
	return { what, secret: words.join(`/+:@#?%&="' \\$`), words };
}

/** As {@link markedPassword}, of letters and digits alone, for what allows no more. */
export function markedWord(what: string): Mark {
	const secret = word();
	return { what, secret, words: [secret] };
}

/** A key of many lines, any of which tells. */
export function markedKey(what: string, pem: string): Mark {
	return { what, secret: pem, words: pem.split('\n').filter((line) => /^[\w+/=-]{24,}$/.test(line)) };
}

const word = () => `mk${randomBytes(9).toString('hex')}q`;

/** Every way in which a word is written down, with what it is then. */
export function formsOf(text: string): Array<{ form: string; text: string }> {
	const hex = Buffer.from(text).toString('hex');
	return [
		{ form: 'as it is', text },
		{ form: 'in hex', text: hex },
		{ form: 'in hex', text: hex.toUpperCase() },
		{ form: 'in UTF-16', text: [...text].join('\0') },
		...[0, 1, 2].map((before) => ({ form: 'in base64', text: base64After(before, text) })),
	];
}

/** The part of base64 that a text alone decides where so many bytes stand before it. */
function base64After(before: number, text: string): string {
	const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]).toString('base64');
	const end = Math.floor(((before + Buffer.byteLength(text)) * 8) / 6);
	return encoded.slice(Math.ceil((before * 8) / 6), end);
}

/** Marks by everything that they are written as, for programs and for people. */
export class Search {
	readonly #found = new Map<string, string>();

	constructor(marks: readonly Mark[]) {
		for (const { what, words } of marks) {
			for (const { form, text } of words.flatMap(formsOf)) this.#found.set(text, `${what}, ${form}`);
		}
	}

	/** What grep is to look for, one a line: all that is text. */
	get patterns(): string[] {
		return [...this.#found.keys()].filter((text) => !text.includes('\0'));
	}

	/** What a pattern is. */
	whatIs(pattern: string): string {
		return this.#found.get(pattern) ?? pattern;
	}

	/** What is in a text. */
	in(text: string): string[] {
		return [...this.#found].filter(([pattern]) => text.includes(pattern)).map(([, what]) => what);
	}
}
