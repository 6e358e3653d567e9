import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';

const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter(
	(name) => name.endsWith('.md'),
);
const addresses = documents.flatMap((name) => [
	...readFileSync(join(root, name), 'utf8').matchAll(
		/https:\/\/cdn\.jsdelivr\.net\/npm\/([\w-]+)\/([^\s`)]+)/g,
	),
]);

test('every address that a workflow is imported from names a file of this package', () => {
	const { name, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
		name: string;
		files: string[];
	};
	expect(addresses.length).toBeGreaterThan(2);
	for (const [, packageName, path = ''] of addresses) {
		expect(packageName).toBe(name);
		// What the build puts into dist/, which is published but for its build record.
		expect(path).toMatch(/^dist\/workflows\/.+\.json$/);
		expect({ path, isShipped: existsSync(join(root, path)) }).toEqual({ path, isShipped: true });
	}
	expect(files).toEqual(['dist', '!dist/.tsbuildinfo']);
});
