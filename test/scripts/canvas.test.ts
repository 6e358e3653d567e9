import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';
import { crossings, type Drawn, looseLines, overlaps } from './support/canvas';

const shipped = (file: string) => JSON.parse(readFileSync(join(root, 'workflows', file), 'utf8')) as Drawn;
const files = readdirSync(join(root, 'workflows'));

describe.each(files)('On the canvas of %s', (file) => {
	test('no line runs through a node or its name', () => {
		expect(looseLines(shipped(file))).toEqual([]);
		expect(crossings(shipped(file))).toEqual([]);
	});

	test('no node lies on another or on its name', () => {
		expect(overlaps(shipped(file))).toEqual([]);
	});
});

test('a line through a name is found', () => {
	const at = (name: string, position: [number, number]) => ({
		...{ name, position, type: 'n8n-nodes-base.noOp', typeVersion: 1, parameters: {} },
	});
	const workflow: Drawn = {
		name: 'Three',
		nodes: [at('From', [0, 100]), at('Between', [200, 20]), at('To', [400, 100])],
		connections: { From: { main: [[{ node: 'To', index: 0 }]] } },
	};
	expect(crossings(workflow)).toEqual(['The line from "From" to "To" runs through the label of "Between"']);
});
