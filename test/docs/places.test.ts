import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root } from '../../scripts/lib/paths';

/** Files and folders of the project as a document writes them: `core/files/atomicFile.ts`, `lab/servers/`. */
const place =
	/`((?:bench|cli|core|credentials|deploy|docs|gulp|lab|nodes|scripts|test|workflows)\/[\w./-]*)`/g;

/** The target of a link within the project, without its anchor. */
const link = /\]\((?!https?:|#)([^)#\s]+)/g;

async function documents(): Promise<string[]> {
	const found: string[] = [];
	for await (const path of glob(['*.md', 'docs/**/*.md', 'bench/*.md'], { cwd: root })) found.push(path);
	return found.sort();
}

async function missing(): Promise<string[]> {
	const problems: string[] = [];
	for (const path of await documents()) {
		const text = await readFile(join(root, path), 'utf8');
		const named = [...text.matchAll(place)].map(([, target = '']) => join(root, target));
		const linked = [...text.matchAll(link)].map(([, target = '']) => join(root, dirname(path), target));
		const absent = [...named, ...linked].filter((target) => !existsSync(target));
		problems.push(...absent.map((target) => `${path}: ${target.slice(root.length + 1)}`));
	}
	return problems;
}

test('every file and folder that a document names or links to is there', async () => {
	expect(await documents()).toEqual(expect.arrayContaining(['CONTRIBUTING.md', 'docs/development.md']));
	expect(await missing()).toEqual([]);
});
