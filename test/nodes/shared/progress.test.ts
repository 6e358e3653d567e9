import type { IExecuteFunctions } from 'n8n-workflow';
import { describeProgress, progressReporter } from '../../../nodes/shared/progress';

const step = 'Dumping n8n';
const megabyte = 1_000_000;

it.each([
	[{ rawBytes: 40 * megabyte }, 'Dumping n8n, 40.0 MB'],
	[{ rawBytes: 40 * megabyte, totalBytes: 0 }, 'Dumping n8n, 40.0 MB'],
	[{ rawBytes: 40 * megabyte, totalBytes: 120 * megabyte }, 'Dumping n8n, 40.0 MB of 120.0 MB, 33 %'],
	[{ rawBytes: 120 * megabyte, totalBytes: 120 * megabyte }, 'Dumping n8n, 120.0 MB of 120.0 MB, 100 %'],
	[
		{ rawBytes: 40 * megabyte, totalBytes: 120 * megabyte, isEstimate: true },
		'Dumping n8n, 40.0 MB, about 33 %',
	],
	[
		{ rawBytes: 240 * megabyte, totalBytes: 120 * megabyte, isEstimate: true },
		'Dumping n8n, 240.0 MB, about 99 %',
	],
])('says how far it is: %j', (progress, line) => {
	expect(describeProgress({ step, ...progress })).toBe(line);
});

describe.each(['manual', 'trigger'] as const)('a run of a few minutes, started by %s', (mode) => {
	const logged: string[] = [];
	const shown: string[] = [];
	const context = {
		getMode: () => mode,
		getNode: () => ({ name: 'Postgres Backup' }),
		logger: { info: (line: string) => logged.push(line) },
		sendMessageToUI: (line: string) => shown.push(line),
	} as unknown as IExecuteFunctions;

	beforeAll(() => {
		jest.useFakeTimers({ now: 0 });
		const report = progressReporter(context);
		// 91 seconds, with something to report ten times in each.
		for (let tenth = 1; tenth <= 910; tenth++) {
			jest.advanceTimersByTime(100);
			report({ step, rawBytes: tenth * megabyte, totalBytes: 1000 * megabyte });
		}
		jest.useRealTimers();
	});

	it('writes a line into n8n’s log every 30 seconds, with the name of the node', () => {
		expect(logged).toEqual([
			'Postgres Backup: Dumping n8n, 300.0 MB of 1.0 GB, 30 %',
			'Postgres Backup: Dumping n8n, 600.0 MB of 1.0 GB, 60 %',
			'Postgres Backup: Dumping n8n, 900.0 MB of 1.0 GB, 90 %',
		]);
	});

	it('sends a line to the browser every second, where somebody looks', () => {
		expect(shown).toHaveLength(mode === 'manual' ? 91 : 0);
	});
});
