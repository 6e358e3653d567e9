import { readDrill } from '../../scripts/demo/drillItem.ts';

const path = '/backups/postgres/n8n_20261123_020000.sql.gz';
const rows = { check: 'rows', result: 'passed', detail: 'All rows.' };
const restore = { check: 'restore', result: 'passed', detail: 'It was restored.' };

describe('The demo ends with what the drill found', () => {
	test('each check in a line, and no fault where all passed', () => {
		expect(readDrill({ path, result: 'passed', checks: [restore, rows] })).toEqual({
			text: `The drill of ${path}: passed\n  restore  passed   It was restored.\n  rows     passed   All rows.`,
			faults: [],
		});
	});

	test('a check that failed or could not be tried is a fault: the demo has all that a drill needs', () => {
		const checks = [restore, { check: 'credential', result: 'unknown', detail: 'No key.' }];
		expect(readDrill({ path, result: 'passed', checks }).faults).toEqual([
			'The drill’s check "credential" is unknown: No key.',
		]);
		expect(readDrill({ path, result: 'unknown', checks }).faults).toHaveLength(2);
	});

	test('no drill at all is a fault, too', () => {
		expect(readDrill(undefined).faults).toEqual(['The dump was not drilled']);
	});
});
