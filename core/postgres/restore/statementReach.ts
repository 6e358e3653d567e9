import { type Reading, usualReading } from '../sql';
import { isDot, type Token, tokens } from '../sql/tokens';
import { callsOnlyDumpFunctions, callsOnlyPlainFunctions } from './calledFunctions';

/**
 * What a statement of a dump reaches.
 *
 * - `database`: nothing beyond the database that it runs in
 * - `databases`: it makes or changes databases
 * - `server`: what all databases share, or the server's files and programs
 * - `subscription`: a subscription, which reaches another server
 * - `foreign`: something that no dump has and whose reach cannot be told
 */
export type Reach = 'database' | 'databases' | 'server' | 'subscription' | 'foreign';

/** First words of what dumps have, and of what a person may have written into one that stays within a database. */
const known = new Set(
	`alter analyze begin cluster comment commit copy create delete drop end grant insert lock refresh reindex reset revoke
	security select set start truncate update vacuum`.split(/\s+/),
);

const shared = new Set(['role', 'user', 'group', 'tablespace', 'system', 'parameter']);

/** Bytes that nearly always hold the first words. */
const headBytes = 4096;

/** Statements that are read to their end: whatever their first words leave open. */
const readWhole = new Set(
	'copy select grant revoke security set insert update delete truncate lock vacuum cluster reindex analyze'.split(
		' ',
	),
);

/**
 * Tells a statement by its first words, as PostgreSQL reads them: whatever its case, space and comments are. It
 * does not look into what a database evaluates by itself (functions, defaults, indexes).
 *
 * @param reading how the server reads it
 */
export function reachOf(statement: Buffer, reading: Reading = usualReading): Reach {
	const beginning = statement.toString('latin1', 0, headBytes);
	const words = leadingTokens(tokens(beginning, reading));
	const isCut =
		statement.length > headBytes && (words.length < leading || readWhole.has(words[0]?.text ?? ''));
	const whole = () => [...tokens(isCut ? statement.toString('latin1') : beginning, reading)];
	return judge(isCut ? leadingTokens(whole()) : words, whole);
}

const leading = 4;

function leadingTokens(all: Iterable<Token>): Token[] {
	const found: Token[] = [];
	for (const token of all) {
		found.push(token);
		if (found.length === leading) break;
	}
	return found;
}

function judge(words: Token[], whole: () => Token[]): Reach {
	const [first, second, third] = words.map(({ kind, text }) => (kind === 'word' || text === ';' ? text : ''));
	if (first === ';') return 'database';
	if (first === undefined || !known.has(first)) return 'foreign';
	switch (first) {
		case 'create':
		case 'alter':
		case 'drop':
			if (second === 'user' && third === 'mapping') return 'database';
			if (second === 'owned') return 'server';
			return runsAtOnce(words, whole) && !callsOnlyPlainFunctions(whole())
				? 'foreign'
				: reachOfObject(second);
		case 'comment':
			return reachOfObject(third);
		case 'security':
		case 'grant':
		case 'revoke':
			return reachOfTarget(whole());
		case 'copy':
			return readsFromScript(whole()) && !writesCatalogs(whole()) ? 'database' : 'server';
		case 'select':
			return callsOnlyDumpFunctions(whole()) ? 'database' : 'foreign';
		case 'insert':
		case 'update':
		case 'delete':
			if (writesCatalogs(whole())) return 'server';
			return callsOnlyPlainFunctions(whole()) ? 'database' : 'foreign';
		case 'truncate':
		case 'lock':
		case 'vacuum':
		case 'cluster':
		case 'reindex':
		case 'analyze':
			return isAboutCatalogs(whole()) ? 'server' : 'database';
		case 'set':
			return opensCatalogs(whole()) ? 'server' : 'database';
		default:
			return 'database';
	}
}

function reachOfObject(kind: string | undefined): Reach {
	if (kind === 'database') return 'databases';
	if (kind === 'subscription') return 'subscription';
	return kind !== undefined && shared.has(kind) ? 'server' : 'database';
}

/** What GRANT, REVOKE and SECURITY LABEL are ON; without it, membership in a role is granted. */
function reachOfTarget(all: Token[]): Reach {
	let depth = 0;
	for (const [at, { kind, text }] of all.entries()) {
		if (kind === 'symbol') depth += text === '(' ? 1 : text === ')' ? -1 : 0;
		if (kind === 'word' && text === 'on' && depth === 0) return reachOfObject(all[at + 1]?.text);
	}
	return 'server';
}

/** `COPY table (columns) FROM stdin …;` and nothing after it: no file, no program, no second statement. */
function readsFromScript(all: Token[]): boolean {
	const from = all.findIndex(({ kind, text }) => kind === 'word' && text === 'from');
	const named = all.slice(1, from).filter(({ kind }) => kind !== 'quoted');
	const isTable = named.every(({ kind, text }) => kind === 'word' || /^[.,()]$/.test(text));
	const source = all[from + 1];
	const isScript = from > 1 && isTable && source?.kind === 'word' && source.text === 'stdin';
	return isScript && all.findIndex(({ kind, text }) => kind === 'symbol' && text === ';') === all.length - 1;
}

/** Whether a system catalog is among the tables of a statement that has no columns. Some of them all databases share. */
function isAboutCatalogs(all: Token[]): boolean {
	return all.some((_, at) => isCatalog(all, at));
}

/** Whether rows are written into a system catalog. A column may have a catalog's name. */
function writesCatalogs(all: Token[]): boolean {
	return all.some((_, at) => isTarget(all, at) && isCatalog(all, at));
}

/** By its name, which in a schema of its own any table may have; or one that cannot be read off its letters. */
function isCatalog(all: Token[], at: number): boolean {
	const { kind, text } = all[at]!;
	if (kind === 'symbol' && text === 'u&') return all[at + 1]?.kind === 'quoted';
	if ((kind !== 'word' && kind !== 'quoted') || !text.startsWith('pg_') || text === 'pg_catalog')
		return false;
	return !isDot(all[at - 1]) || all[at - 2]?.text === 'pg_catalog';
}

/** Whether a name, or the last part of one, stands where a statement says into what it writes. */
function isTarget(all: Token[], at: number): boolean {
	let before = at - 1;
	while (isDot(all[before])) before -= 2;
	if (isWord(all[before], 'only')) before--;
	if (isWord(all[before], 'from')) return isWord(all[before - 1], 'delete');
	return ['copy', 'into', 'update'].some((word) => isWord(all[before], word));
}

function isWord(token: Token | undefined, text: string): boolean {
	return token?.kind === 'word' && token.text === text;
}

/** What lets a superuser change the system catalogs themselves. */
function opensCatalogs(all: Token[]): boolean {
	return all.some(({ kind, text }) => {
		return kind !== 'string' && (text.toLowerCase() === 'allow_system_table_mods' || text === 'u&');
	});
}

/** A table that is filled by a query when it is made, and one whose rows are all written anew by an expression. */
function runsAtOnce(words: Token[], whole: () => Token[]): boolean {
	const [first, ...others] = words.map(({ text }) => text);
	if (first === 'drop' || !others.includes('table')) return false;
	const decisive = first === 'create' ? 'as' : 'using';
	const all = whole();
	let depth = 0;
	return all.some(({ kind, text }, at) => {
		if (kind === 'symbol') depth += text === '(' ? 1 : text === ')' ? -1 : 0;
		return kind === 'word' && text === decisive && depth === 0 && all[at - 1]?.text !== 'exclude';
	});
}
