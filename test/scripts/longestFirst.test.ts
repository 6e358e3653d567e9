import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';
import LongestFirst, { type TestFile } from '../../scripts/lib/longestFirst.cjs';

/** Jest's cache, and the files' sizes, as they are after a run that measured these milliseconds. */
class WithCache extends LongestFirst {
	readonly #measured: Record<string, number>;

	constructor(measured: Record<string, number>) {
		super({ contexts: [], globalConfig: {} });
		this.#measured = measured;
	}

	override time({ path }: TestFile): number | undefined {
		return this.#measured[path];
	}

	override hasFailed(): boolean {
		return false;
	}
}

const files = (...paths: string[]): TestFile[] =>
	paths.map((path, at) => ({
		path: join(root, path),
		context: { config: { rootDir: root }, hasteFS: { getSize: () => at } },
	}));

const order = (sequencer: WithCache, tests: TestFile[]) =>
	sequencer.sort(tests).map(({ path }) => path.slice(root.length + 1));

const { longest } = LongestFirst;

test('every file that is said to take long is there', () => {
	expect(longest.filter((path) => !existsSync(join(root, path)))).toEqual([]);
	expect(new Set(longest).size).toBe(longest.length);
});

test('where nothing was measured, what takes long begins, and the rest follows by size', () => {
	const tests = files('test/small.test.ts', longest[5]!, 'test/large.test.ts', longest[0]!);
	expect(order(new WithCache({}), tests)).toEqual([
		longest[0],
		longest[5],
		'test/large.test.ts',
		'test/small.test.ts',
	]);
});

test('what was measured decides where it was', () => {
	const tests = files(longest[0]!, longest[1]!, 'test/other.test.ts');
	const measured = {
		[join(root, longest[0]!)]: 1,
		[join(root, longest[1]!)]: 2,
		[join(root, 'test/other.test.ts')]: 3,
	};
	expect(order(new WithCache(measured), tests)).toEqual(['test/other.test.ts', longest[1], longest[0]]);
});

test('what needs n8n waits until others have spent the minutes in which it is fetched', () => {
	const minutes = { 'test/e2e/night.e2e.ts': 9, 'a.servers.ts': 5, 'b.servers.ts': 4, 'c.servers.ts': 3 };
	const measured = Object.fromEntries(
		Object.entries(minutes).map(([path, each]) => [join(root, path), each * 60_000]),
	);
	expect(order(new WithCache(measured), files(...Object.keys(minutes)))).toEqual([
		...['a.servers.ts', 'b.servers.ts'],
		...['test/e2e/night.e2e.ts', 'c.servers.ts'],
	]);
});
