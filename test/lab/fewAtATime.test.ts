import { setTimeout as wait } from 'node:timers/promises';
import { fewAtATime } from '../../lab/fewAtATime';

test('no more than some are at work at a time, and all answers are in order', async () => {
	let [atWork, most] = [0, 0];
	const answers = await fewAtATime(
		[5, 1, 3, 2, 4],
		async (number) => {
			most = Math.max(most, (atWork += 1));
			await wait(number * 5);
			atWork -= 1;
			return number * 10;
		},
		2,
	);
	expect(answers).toEqual([50, 10, 30, 20, 40]);
	expect(most).toBe(2);
});

test('a failure is thrown when all the others are done', async () => {
	const done: number[] = [];
	const working = fewAtATime([1, 2, 3], async (number) => {
		await wait(number * 5);
		if (number === 1) throw new Error('The first fails');
		done.push(number);
	});
	await expect(working).rejects.toThrow('The first fails');
	expect(done).toEqual([2, 3]);
});
