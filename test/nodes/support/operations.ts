import type { NodeToRun } from '../../../lab/nodeEngine/nodeEngine';
import type { Surroundings } from './engines';

type Call = Pick<NodeToRun, 'parameters' | 'credentials'>;

/** An operation, by one engine where there are several, as it works and as it fails. */
export interface OperationRow {
	/** As allOperations() names it; what follows a colon tells rows of one operation apart. */
	name: string;
	/** What to run in an empty directory so that all goes well. */
	works(place: string): Promise<Call>;
	/** Judges what came of it, by the items and by other means. */
	judge(items: Array<Record<string, unknown>>, place: string): Promise<void> | void;
	/** What to run so that it cannot succeed. */
	fails(place: string): Promise<Call>;
	/** Judges what a failure leaves. */
	afterFailing?(place: string): Promise<void>;
	/** What happened, and what to do next. */
	says: { message: RegExp; description: RegExp };
}

/** How every operation behaves to the workflow around it, whichever way errors are taken. */
export function testOperation(n8n: () => Surroundings, row: OperationRow): void {
	const [node = '', operation, engine] = row.name.split(':')[0]!.split(' ');
	const run = async (call: Call, onError?: NodeToRun['onError']) =>
		await n8n().engine.run({
			node,
			credentials: call.credentials,
			parameters: { operation, ...(engine && { engine }), ...call.parameters },
			onError,
		});

	describe(`${row.name}`, () => {
		test('works', async () => {
			const place = await n8n().allowed();
			const { status, error, outputs } = await run(await row.works(place), 'continueErrorOutput');
			expect({ status, error, failed: outputs[1] }).toEqual({
				status: 'success',
				error: undefined,
				failed: [],
			});
			for (const { pairedItem } of outputs[0]!) expect(pairedItem).toEqual({ item: 0 });
			await row.judge(
				outputs[0]!.map(({ json }) => json),
				place,
			);
		});

		/** All that an error item holds: anything more would lead it to the success output in some n8n. */
		const errorItem = {
			json: { error: expect.stringMatching(bothSentences(row.says)) as string },
			pairedItem: { item: 0 },
		};

		test('fails onto the error output', async () => {
			const place = await n8n().allowed();
			const { status, outputs } = await run(await row.fails(place), 'continueErrorOutput');
			expect({ status, outputs }).toEqual({ status: 'success', outputs: [[], [errorItem]] });
			await row.afterFailing?.(place);
		});

		test('fails onto the ordinary output where that is asked for', async () => {
			const { status, outputs } = await run(await row.fails(await n8n().allowed()), 'continueRegularOutput');
			expect({ status, outputs }).toEqual({ status: 'success', outputs: [[errorItem]] });
		});

		test('stops the execution otherwise, with what happened and what to do next', async () => {
			const { status, error } = await run(await row.fails(await n8n().allowed()));
			expect({ status, error }).toMatchObject({
				status: 'error',
				error: {
					name: 'NodeOperationError',
					message: expect.stringMatching(row.says.message) as string,
					description: expect.stringMatching(row.says.description) as string,
				},
			});
		});
	});
}

function bothSentences({ message, description }: OperationRow['says']): RegExp {
	return new RegExp(`^(?=.*${message.source}).*${description.source}`, 's');
}
