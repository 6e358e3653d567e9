import { type Reply, ReplyError } from './resp';

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/**
 * A reply in the form that `redis-cli --no-raw` prints: `(integer) 3`, `(error) ERR …`, `"text"`, `1) "item"` a
 * line, anything else as it stands. Only lists without lists in them.
 */
export function parseCliReply(text: string): Reply {
	const lines = text.replace(/\n$/, '').split('\n');
	if (/^ *1\) /.test(lines[0] ?? '')) return lines.map((line) => parseValue(line.replace(/^ *\d+\) /, '')));
	if (/^\(empty (?:array|list or set)\)$/.test(lines[0] ?? '')) return [];
	return parseValue(lines.join('\n'));
}

function parseValue(text: string): Reply {
	const [, kind, rest = ''] = /^\((integer|error|nil)\) ?(.*)$/s.exec(text) ?? [];
	if (kind === 'integer') return Number(rest);
	if (kind === 'error') return new ReplyError(rest);
	if (kind === 'nil') return null;
	return text.startsWith('"') && text.endsWith('"') ? unquote(text.slice(1, -1)) : text;
}

/** Every byte that is not printable ASCII comes as `\xHH`. */
function unquote(text: string): string {
	const bytes = text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, character: string) =>
		hex === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
	);
	return Buffer.from(bytes, 'latin1').toString('utf8');
}
