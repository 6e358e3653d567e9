import { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import { manifestFields } from '../../../core/artifact/manifestSchema';
import { root } from '../../../scripts/lib/paths.ts';

interface Schema {
	shape?: Record<string, Schema>;
	def: {
		type: string;
		innerType?: Schema;
		element?: Schema;
		options?: Schema[];
		values?: string[];
	};
}

/** A value that has one list of the schema, with what is wrong in it many times. */
type WithList = [path: string, make: (list: unknown[]) => unknown];

/** Every list that a schema knows, however deep. */
function listsIn({ shape, def }: Schema): WithList[] {
	const inside = (name: string, inner: Schema | undefined, wrap: (value: unknown) => unknown): WithList[] =>
		inner ? listsIn(inner).map(([path, make]) => [`${name}${path}`, (list) => wrap(make(list))]) : [];
	if (shape) {
		const kind = shape.kind?.def.values?.[0];
		return Object.entries(shape).flatMap(([name, field]) =>
			inside(`.${name}`, field, (value) => ({ ...(kind !== undefined && { kind }), [name]: value })),
		);
	}
	if (def.type === 'array') {
		return [['', (list) => list], ...inside('.0', def.element, (value) => [value])];
	}
	if (def.type === 'record') return [['', (list) => Object.fromEntries(list.entries())]];
	return [...(def.options ?? []), def.innerType].flatMap((inner) => inside('', inner, (value) => value));
}

const lists = listsIn(manifestFields as unknown as Schema);

const enough = {
	...{ schemaVersion: 9, component: 'env', artifact: 'a', storedBytes: 1, rawBytes: 1, compression: 'none' },
	...{ sha256: 'a'.repeat(64), startedAt: '2026-11-23T02:00:00.000Z' },
};

/** Reads a manifest in a thread that may keep few megabytes. */
async function readInLittleMemory(manifest: unknown): Promise<string> {
	const worker = new Worker(
		`const { parentPort, workerData } = require('node:worker_threads');
		const { parseManifest } = require(workerData.module);
		try { parentPort.postMessage(Object.keys(parseManifest(workerData.bytes, 'x').manifest).join()); }
		catch (error) { parentPort.postMessage(error.message); }`,
		{
			eval: true,
			workerData: {
				module: join(root, 'dist', 'core', 'artifact', 'manifestFile.js'),
				bytes: Buffer.from(JSON.stringify(manifest)),
			},
			resourceLimits: { maxOldGenerationSizeMb: 80, maxYoungGenerationSizeMb: 16 },
		},
	);
	return await new Promise((resolve, reject) => {
		worker.once('message', resolve);
		worker.once('error', reject);
	});
}

test('every list of a manifest is tried', () => {
	expect(lists.map(([path]) => path)).toEqual(
		expect.arrayContaining([
			'.copies',
			'.census.tables',
			'.census.databases.0.tables',
			'.source.properties.grants',
		]),
	);
});

test.each(lists)('a list in which everything is wrong takes little memory: %s', async (_path, make) => {
	const wrong = make(new Array(250_000).fill(null)) as object;
	expect(await readInLittleMemory({ ...enough, ...wrong })).toMatch(/schemaVersion|is wrong \(/);
});
