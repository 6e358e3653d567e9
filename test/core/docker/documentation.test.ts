import { readFileSync } from 'node:fs';
import { operations } from '../../../core/docker/operations';

const document = readFileSync('docs/docker.md', 'utf8');

describe('docs/docker.md', () => {
	it('lists exactly the calls that are made, each with what a proxy must allow', () => {
		const rows = [...document.matchAll(/^\| `([A-Z]+ \/\S+)` +\| ([^|]+) \|/gm)].map(
			([, call, permissions]) => `${call}: ${permissions!.replaceAll('`', '').trim()}`,
		);
		const calls = Object.values(operations).map(
			({ call, permissions }) => `${call}: ${permissions.join(' ')}`,
		);
		expect(rows.sort()).toEqual(calls.sort());
	});

	it('shows a proxy that allows them all and nothing else', () => {
		const shown = [...document.matchAll(/^ {6}([A-Z]+): 1/gm)].map(([, name]) => name);
		const needed = new Set<string>(Object.values(operations).flatMap(({ permissions }) => permissions));
		expect(shown.sort()).toEqual([...needed].sort());
	});
});
