import { setTimeout as wait } from 'node:timers/promises';
import { prepareMeanwhile, untilPrepared } from '../../lab/n8n/beingPrepared';

test('who needs n8n while it is prepared waits for it', async () => {
	let isReady = false;
	await using preparation = await prepareMeanwhile(async () => {
		await wait(300);
		isReady = true;
	});
	expect(isReady).toBe(false);
	await untilPrepared(preparation.env);
	expect(isReady).toBe(true);
});

test('who waits for n8n hears why there is none, and whoever prepares it does not fail', async () => {
	jest.spyOn(console, 'error').mockReturnValueOnce();
	await using preparation = await prepareMeanwhile(async () => {
		throw await Promise.resolve(new Error('The registry is away'));
	});
	await expect(untilPrepared(preparation.env)).rejects.toThrow('The registry is away');
	await expect(preparation.done).resolves.toBeUndefined();
});

test('nobody waits where nobody prepares it', async () => {
	await untilPrepared({});
});
