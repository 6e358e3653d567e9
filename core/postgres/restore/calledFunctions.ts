import { isDot, type Token } from '../sql/tokens';

/** Functions that pg_dump calls. All of them stay within the database. */
const dumpFunctions = new Set(
	`set_config setval lo_create lo_open lowrite lo_close lo_unlink pg_restore_relation_stats
	pg_restore_attribute_stats pg_restore_extended_stats`.split(/\s+/),
);

/** What a person may have written into a dump, or what writes rows as INSERT: they compute, and reach nothing. */
const plainFunctions = new Set([
	...dumpFunctions,
	...`nextval currval now clock_timestamp gen_random_uuid random md5 sha256 encode decode convert_from convert_to
	coalesce nullif greatest least lower upper trim btrim ltrim rtrim replace regexp_replace substr substring left right
	length concat concat_ws split_part to_timestamp to_date to_char to_number date_trunc make_date cast extract
	abs ceil floor round mod count sum min max avg array_agg string_agg json_agg jsonb_agg generate_series unnest
	json_build_object jsonb_build_object json_build_array jsonb_build_array to_json to_jsonb jsonb_set row_number`.split(
		/\s+/,
	),
]);

/** Types that have a parenthesis behind them. */
const sizedTypes =
	'bit bpchar char character decimal dec float interval numeric time timestamp varbit varchar varying'.split(
		' ',
	);

/** Words that may stand before a parenthesis without being a function's name. */
const notCalled = new Set(['select', 'in', 'from', 'where', 'and', 'or', 'not', 'as', 'array', 'row']);

/** The same where not only a query is looked at. */
const notCalledAnywhere = new Set([
	...notCalled,
	...sizedTypes,
	...`values exists any all some on using set with when then else case over filter distinct by having union except
	intersect check default key unique references like limit offset returning conflict materialized
	partition list range hash`.split(/\s+/),
]);

/** Whether every function that a query calls is one of pg_dump's, by its plain name or as pg_catalog's. */
export function callsOnlyDumpFunctions(all: Token[]): boolean {
	return callsOnly(all, { functions: dumpFunctions, words: notCalled });
}

/** Whether whatever a statement calls computes something and no more. */
export function callsOnlyPlainFunctions(all: Token[]): boolean {
	return callsOnly(withoutTarget(all), { functions: plainFunctions, words: notCalledAnywhere });
}

interface Allowed {
	functions: ReadonlySet<string>;
	/** What is no call though a parenthesis stands behind it. */
	words: ReadonlySet<string>;
}

function callsOnly(all: Token[], { functions, words }: Allowed): boolean {
	if (all.some(({ kind, text }, at) => kind === 'symbol' && text === 'u&' && all[at + 1]?.kind !== 'string'))
		return false;
	return all.every((token, at) => {
		if (token.kind !== 'symbol' || token.text !== '(') return true;
		const name = all[at - 1];
		if (name === undefined || name.kind === 'symbol' || name.kind === 'string') return true;
		const isQualified = isDot(all[at - 2]);
		const schema = isQualified ? all[at - 3] : undefined;
		if (name.kind === 'word' && !isQualified && words.has(name.text)) return true;
		if (isQualified && schema?.text !== 'pg_catalog') return false;
		if (!functions.has(name.text)) return false;
		return name.text !== 'set_config' || all[at + 1]?.text === 'search_path';
	});
}

/** Without the table that is written to: its columns stand in a parenthesis right behind it. */
function withoutTarget(all: Token[]): Token[] {
	const into = all.findIndex(({ kind, text }) => kind === 'word' && (text === 'into' || text === 'table'));
	if (into === -1) return all;
	const open = all.findIndex(({ kind, text }, at) => at > into && kind === 'symbol' && text === '(');
	const named = all.slice(into + 1, open);
	const isName = named.length > 0 && named.every((token, at) => isDot(token) === (at % 2 === 1));
	return open !== -1 && isName && !named.some(startsQuery) ? all.slice(open) : all;
}

function startsQuery({ kind, text }: Token): boolean {
	return kind === 'word' && /^(?:select|values|as|default|with|execute)$/.test(text);
}
