import type { IExecuteFunctions } from 'n8n-workflow';
import { BackupError } from '../../../core/errors';
import { type PlanJobs, runJobs } from '../../../nodes/shared/runJobs';

const broken = new BackupError('unreachable', 'Nothing answers at PostgreSQL at db:5432', {
	advice: 'Start the server',
});

/** As much of n8n as runJobs looks at: two input items and the way the node is to take errors. */
function context({ continueOnFail = false, signal = new AbortController().signal } = {}): IExecuteFunctions {
	const node = {
		id: '1',
		name: 'Postgres Backup',
		type: 'x',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	return {
		getInputData: () => [{ json: {} }, { json: {} }],
		getExecutionCancelSignal: () => signal,
		continueOnFail: () => continueOnFail,
		getNode: () => node,
		logger: { error: () => {} },
	} as unknown as IExecuteFunctions;
}

const jobNamed = (name: string) => async () => await Promise.resolve({ name });
const failing = async () => await Promise.reject(broken);

describe('running an operation over items', () => {
	it('makes an item of each job’s result and pairs it with its input item', async () => {
		const plan: PlanJobs = async (item) =>
			await Promise.resolve([jobNamed(`a${item}`), jobNamed(`b${item}`)]);
		expect(await runJobs(context(), plan)).toEqual([
			[
				{ json: { name: 'a0' }, pairedItem: { item: 0 } },
				{ json: { name: 'b0' }, pairedItem: { item: 0 } },
				{ json: { name: 'a1' }, pairedItem: { item: 1 } },
				{ json: { name: 'b1' }, pairedItem: { item: 1 } },
			],
		]);
	});

	it('makes error items that hold nothing but the error, of plans and of jobs alike', async () => {
		const plan: PlanJobs = async (item) => (item === 0 ? await failing() : [failing, jobNamed('whole')]);
		const error = 'Nothing answers at PostgreSQL at db:5432. Start the server.';
		expect(await runJobs(context({ continueOnFail: true }), plan)).toEqual([
			[
				{ json: { error }, pairedItem: { item: 0 } },
				{ json: { error }, pairedItem: { item: 1 } },
				{ json: { name: 'whole' }, pairedItem: { item: 1 } },
			],
		]);
	});

	it('does the other jobs before it throws the first failure, with the advice as its description', async () => {
		const done: string[] = [];
		const plan: PlanJobs = async (item) =>
			await Promise.resolve([
				failing,
				async () => {
					done.push(`job ${item}`);
					return await Promise.resolve({});
				},
			]);
		await expect(runJobs(context(), plan)).rejects.toMatchObject({
			message: 'Nothing answers at PostgreSQL at db:5432.',
			description: 'Start the server.',
		});
		expect(done).toEqual(['job 0', 'job 1']);
	});

	it('throws at once when the execution is cancelled, even where errors become items', async () => {
		const controller = new AbortController();
		const plan: PlanJobs = async () => {
			controller.abort();
			return await Promise.resolve([jobNamed('never')]);
		};
		await expect(
			runJobs(context({ continueOnFail: true, signal: controller.signal }), plan),
		).rejects.toThrow();
	});
});
