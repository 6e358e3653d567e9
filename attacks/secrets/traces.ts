import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Search } from './marks.ts';

const run = promisify(execFile);

/** Asks a database by psql. */
export type Ask = (sql: string) => Promise<string>;

/** Of all tables but the one that n8n encrypts. */
const tables = `SELECT format('SELECT %L, t::text FROM %I.%I AS t;', relname, nspname, relname)
	FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
	WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') AND relname <> 'credentials_entity'`;

/** A database's rows as text: where n8n keeps executions, it does not compress or encrypt them. */
export async function rowsOf(ask: Ask): Promise<string> {
	return await ask(await ask(tables));
}

/** How often which mark is where; what was there already is not found again. */
export class Traces {
	readonly #search: Search;
	readonly #scratch: string;
	readonly #known = new Map<string, number>();

	/** @param scratch where lists of patterns and rows are kept, which is not to be searched */
	constructor(search: Search, scratch: string) {
		this.#search = search;
		this.#scratch = scratch;
	}

	/** New marks in directories, and in texts that have a name, by the words of a person. */
	async found(directories: string[], texts: Record<string, string>): Promise<string[]> {
		const counts = new Map<string, number>();
		const count = (where: string, pattern: string) => {
			const found = `${this.#search.whatIs(pattern)} in ${where}`;
			counts.set(found, (counts.get(found) ?? 0) + 1);
		};
		for (const [where, text] of Object.entries(texts)) {
			const file = join(this.#scratch, 'text');
			await writeFile(file, text);
			for (const { pattern } of await this.#grep([file])) count(where, pattern);
		}
		for (const { where, pattern } of await this.#grep(directories)) count(where, pattern);
		const more = [...counts].filter(([found, times]) => times > (this.#known.get(found) ?? 0));
		for (const [found, times] of counts) this.#known.set(found, times);
		return more.map(([found]) => found);
	}

	/** By grep, of files as they are and of what is compressed. */
	async #grep(paths: string[]): Promise<Array<{ where: string; pattern: string }>> {
		const patterns = join(this.#scratch, 'patterns');
		await writeFile(patterns, `${this.#search.patterns.join('\n')}\n`);
		const script = `
			grep -raoHFZ --exclude-dir=node_modules -f "$PATTERNS" -- "$@"
			find "$@" -name node_modules -prune -o -name '*.gz' -type f -print | while read -r file; do
				gzip -dcq "$file" | grep -aoFHZ --label="$file" -f "$PATTERNS"
			done
			true`;
		const { stdout } = await run('sh', ['-c', script, 'sh', ...paths], {
			env: { PATH: process.env.PATH, LC_ALL: 'C', PATTERNS: patterns },
			maxBuffer: 64 * 1024 * 1024,
		});
		return stdout
			.split('\n')
			.filter(Boolean)
			.map((line) => {
				const [where = '', pattern = ''] = line.split('\0');
				return { where, pattern };
			});
	}
}
