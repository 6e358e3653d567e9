import { beginsWithAny } from './bytes';
import { usualReading, type Reading } from './readingState';
import { type Token, tokens } from './tokens';

/** What a statement makes of how the server reads what follows; `unclear` when only the server could tell. */
export type ReadingChange = Reading | 'unclear';

/** A statement that begins otherwise changes nothing of it. */
const concerned = /^(?:set|reset)(?![\w$])/i;

const booleans: Record<string, boolean> = {
	...{ on: true, true: true, yes: true, '1': true },
	...{ off: false, false: false, no: false, '0': false },
};

/**
 * How the server reads what follows a statement. Whoever judges a dump has to read it as the server does, or else a forged
 * one shows a string to one and a call to the other. So a setting in any other way than with a plain value, until
 * somebody changes it, is `unclear`.
 *
 * @param reading how the statement itself is read
 */
export function readingAfter(statement: Buffer, reading: Reading = usualReading): ReadingChange {
	if (!beginsWithAny(statement, 'sr') || !concerned.test(statement.toString('latin1', 0, 6))) return reading;
	const all = [...tokens(statement.toString('latin1'), reading)].filter(({ text }) => text !== ';');
	const isLegible = !all.some(({ kind, text }) => kind === 'symbol' && text === 'u&');
	if (!isLegible) return 'unclear';
	return all[0]?.text === 'reset' ? afterReset(all, reading) : afterSet(all.slice(1), reading);
}

function afterReset([, what]: Token[], reading: Reading): ReadingChange {
	const name = what?.text.toLowerCase() ?? '';
	return name === 'all' || decisive.has(name) ? 'unclear' : reading;
}

const decisive = new Set(['client_encoding', 'names', 'standard_conforming_strings']);

function afterSet(all: Token[], reading: Reading): ReadingChange {
	const isScoped = all[0]?.kind === 'word' && /^(?:session|local)$/.test(all[0].text);
	const [name, ...rest] = isScoped ? all.slice(1) : all;
	const setting = name?.text.toLowerCase() ?? '';
	if (!decisive.has(setting)) return reading;
	if (all[0]?.text === 'local') return 'unclear';
	const value = setting === 'names' ? rest : rest.slice(1);
	const isPlain = setting === 'names' || /^(?:=|to)$/.test(rest[0]?.text ?? '');
	const written = value[0]?.text.toLowerCase() ?? '';
	if (!isPlain || value.length !== 1 || !/^[\w-]+$/.test(written) || written === 'default') return 'unclear';
	if (setting !== 'standard_conforming_strings') return { ...reading, encoding: value[0]!.text };
	const standardStrings = booleans[written];
	return standardStrings === undefined ? 'unclear' : { ...reading, standardStrings };
}
