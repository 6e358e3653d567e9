import { findAbandoned } from '../../core/files/abandoned';
import { eventually } from '../../lab/eventually';

const everythingElse = [
	...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
	...(['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const),
];

/** Takes intervals, and nothing else, out of the clock's hands until `jest.useRealTimers`. */
export function holdHeartbeats(): void {
	jest.useFakeTimers({ doNotFake: everythingElse });
}

/** Lets half a minute of heartbeats pass, until nothing in a directory looks abandoned any more. */
export async function expectClaimed(directory: string): Promise<void> {
	await eventually(async () => {
		jest.advanceTimersByTime(30_000);
		expect(await findAbandoned(directory, (name) => name.startsWith('.'))).toEqual([]);
	});
}
