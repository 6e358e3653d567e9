import { readDrill } from '../../scripts/demo/drillItem.ts';

const name = 'n8n_20261123_020000.sql.gz';
const drilled = { name, result: 'passed', duration: '9 s', rows: 5256, tables: 142 };

describe('The demo ends with what the drill found', () => {
	test('what was compared in which time, and no fault where all passed', () => {
		expect(readDrill(drilled)).toEqual({
			text: `The drill of ${name}: passed in 9 s, 5256 rows in 142 tables compared`,
			faults: [],
		});
	});

	test('what could not be tried is a fault: the demo has all that a drill needs', () => {
		expect(readDrill({ ...drilled, unknown: ['credential: No key.'] }).faults).toEqual([
			'The drill could not try everything: credential: No key.',
		]);
		const obstacle = 'No such extension.';
		expect(readDrill({ name, result: 'unknown', duration: '1 s', obstacle })).toEqual({
			text: `The drill of ${name}: unknown in 1 s\n  ${obstacle}`,
			faults: ['The drill’s result is unknown'],
		});
	});

	test('no drill at all is a fault, too', () => {
		expect(readDrill(undefined).faults).toEqual(['The dump was not drilled']);
	});
});
