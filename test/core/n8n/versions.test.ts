import { isOlder, isVersion } from '../../../core/n8n/versions';

describe('versions of n8n', () => {
	it.each([
		['2.9.0', '2.10.0', true],
		['2.40.7', '2.40.7', false],
		['2.40.8', '2.40.7', false],
		['1.123.5', '2.0.0', true],
		['v2.1.1', '2.1.2', true],
		['2.41.0-rc.1', '2.41.1', true],
		['next', '2.40.7', undefined],
		['2.40.7', '', undefined],
	])('compares %s with %s by their numbers', (one, other, expected) => {
		expect(isOlder(one, other)).toBe(expected);
	});

	it('are three numbers', () => {
		expect(['2.40.7', 'v2.40.7', '2.40', 'latest', ''].map(isVersion)).toEqual([
			...[true, true, false, false, false],
		]);
	});
});
