import { type Token, tokens } from '../sql/tokens';

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
	`alter analyze begin cluster comment commit copy create delete drop end grant insert lock refresh reindex release
	reset revoke rollback savepoint security select set start truncate update vacuum`.split(/\s+/),
);

/** Functions that pg_dump calls. All of them stay within the database. */
const dumpFunctions = new Set(
	`set_config setval lo_create lo_open lowrite lo_close lo_unlink pg_restore_relation_stats
	pg_restore_attribute_stats pg_restore_extended_stats`.split(/\s+/),
);

const shared = new Set(['role', 'user', 'group', 'tablespace', 'system', 'parameter']);

/** Words that may stand before a parenthesis in a SELECT without being a function's name. */
const notCalled = new Set(['select', 'in', 'from', 'where', 'and', 'or', 'not', 'as', 'array', 'row']);

/** Bytes that nearly always hold the first words. */
const headBytes = 4096;

/** Statements that are read to their end: whatever their first words leave open. */
const readWhole = new Set(['copy', 'select', 'grant', 'revoke', 'security', 'set']);

/**
 * Tells a statement by its first words, as PostgreSQL reads them: whatever its case, space and comments are. It
 * does not look into what a database evaluates by itself (functions, defaults, indexes).
 *
 * @param standardStrings false while plain strings know backslashes
 */
export function reachOf(statement: Buffer, standardStrings = true): Reach {
	const beginning = statement.toString('latin1', 0, headBytes);
	const words = leadingTokens(tokens(beginning, standardStrings));
	const isCut =
		statement.length > headBytes && (words.length < leading || readWhole.has(words[0]?.text ?? ''));
	const whole = () => [...tokens(isCut ? statement.toString('latin1') : beginning, standardStrings)];
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
			return second === 'owned' ? 'server' : reachOfObject(second);
		case 'comment':
			return reachOfObject(third);
		case 'security':
		case 'grant':
		case 'revoke':
			return reachOfTarget(whole());
		case 'copy':
			return readsFromScript(whole()) ? 'database' : 'server';
		case 'select':
			return callsOnly(whole(), dumpFunctions) ? 'database' : 'foreign';
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

/** Whether every function that is called is one of these, by its plain name or as pg_catalog's. */
function callsOnly(all: Token[], functions: ReadonlySet<string>): boolean {
	if (all.some(({ kind, text }) => kind === 'symbol' && text === 'u&')) return false;
	return all.every((token, at) => {
		if (token.kind !== 'symbol' || token.text !== '(') return true;
		const name = all[at - 1];
		if (name === undefined || name.kind === 'symbol' || name.kind === 'string') return true;
		const isQualified = isDot(all[at - 2]);
		const schema = isQualified ? all[at - 3] : undefined;
		if (name.kind === 'word' && !isQualified && notCalled.has(name.text)) return true;
		if (isQualified && schema?.text !== 'pg_catalog') return false;
		if (!functions.has(name.text)) return false;
		return name.text !== 'set_config' || all[at + 1]?.text === 'search_path';
	});
}

function isDot(token: Token | undefined): boolean {
	return token?.kind === 'symbol' && token.text === '.';
}
