import { type PromiseName, promises } from '../harness/attack.ts';
import type { ResultRow, Results } from './results.ts';

const begin = '<!-- results:begin -->';
const end = '<!-- results:end -->';

/** Puts the tables between the document's two marks. Nothing there is written by hand. */
export function fillIn(document: string, results: Results): string {
	const [from, to] = [document.indexOf(begin), document.indexOf(end)];
	if (from === -1 || to === -1) throw new Error('docs/guarantees.md has lost the marks around its tables');
	return `${document.slice(0, from)}${begin}\n\n${toMarkdown(results)}\n\n${document.slice(to)}`;
}

function toMarkdown({ rows, machine, versions }: Results): string {
	const names = Object.keys(promises) as PromiseName[];
	const tables = names.flatMap((name) => {
		const own = rows.filter(({ promise }) => promise === name);
		return own.length === 0 ? [] : [`### ${promises[name]}`, table(own)];
	});
	return [...tables, `On ${list(machine)}, with ${list(versions)}.`].join('\n\n');
}

function table(rows: readonly ResultRow[]): string {
	const lines = rows.map(({ fault, tried, lost, seed, at }) => [
		fault,
		tried.toLocaleString('en'),
		(tried - lost.length).toLocaleString('en'),
		lost.length === 0 ? '0' : `**${lost.length}**`,
		String(seed),
		at.slice(0, 10),
	]);
	const head = ['fault', 'tried', 'survived', 'lost', 'first seed', 'on'];
	return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function list(values: Record<string, string | number>): string {
	return Object.entries(values)
		.map(([name, value]) => `${name} ${value}`)
		.join(', ');
}
