import type { RunningCopy } from '../../../../core/postgres/restore/dumpSession';
import type { RowPlaces } from '../../../../core/postgres/restore/rowPlaces';
import { type BeginCopy, SharedCopy } from '../../../../core/postgres/restore/sharedCopy';
import { Random } from '../../../../lab/random';

const megabyte = 1024 * 1024;

/** Takes rows as one connection does, now at once and now in a while. */
class Taker implements RunningCopy {
	readonly chunks: Buffer[] = [];
	readonly places: RowPlaces;
	readonly #random: Random;
	#isBusy = false;

	constructor(places: RowPlaces, random: Random) {
		this.places = places;
		this.#random = random;
	}

	async write(chunk: Buffer): Promise<void> {
		// What it has no room for yet would lie in memory.
		expect(this.#isBusy).toBe(false);
		this.#isBusy = true;
		this.chunks.push(chunk);
		// In turns of the event loop: in milliseconds, a busy machine would give all of them room at once.
		const turns = this.#random.below(2) === 0 ? 1 + this.#random.below(3) : 0;
		for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
		this.#isBusy = false;
	}

	async end(): Promise<number> {
		return await Promise.resolve(this.rows().length);
	}

	rows(): string[] {
		return Buffer.concat(this.chunks).toString().split('\n').slice(0, -1);
	}
}

const countRows = (chunk: Buffer) => chunk.toString().split('\n').length - 1;

test.each([1, 2, 3, 4])(
	'every row goes to one connection as a whole, and is known by its place: %i',
	async (seed) => {
		const random = new Random(seed);
		const rows = Array.from(
			{ length: 4000 },
			(_, index) => `${index + 1}\t${'x'.repeat(random.below(20_000))}`,
		);
		const bytes = Buffer.from(rows.map((row) => `${row}\n`).join(''));
		const takers: Taker[] = [];
		const begin: BeginCopy = async (places) => {
			const taker = new Taker(places, random);
			takers.push(taker);
			return await Promise.resolve(taker);
		};
		const copy = await SharedCopy.begin(begin, async () => await Promise.resolve([begin, begin]));
		for (let at = 0; at < bytes.length;) {
			const chunk = bytes.subarray(at, at + 1 + random.below(2 * megabyte));
			at += chunk.length;
			await copy.write(chunk, countRows(chunk));
		}
		expect(await copy.end()).toBe(rows.length);

		expect(takers).toHaveLength(3);
		const taken = takers.map((taker) => taker.rows());
		expect(taken.every((some) => some.length > 0)).toBe(true);
		expect(new Set(taken.flat())).toEqual(new Set(rows));
		for (const taker of takers) {
			const numbers = taker.rows().map((row) => Number(row.split('\t')[0]));
			expect(numbers.map((_, index) => index + 1 + taker.places.skippedBefore(index + 1))).toEqual(numbers);
		}
	},
);

test('a table that is not large has one connection', async () => {
	const random = new Random(1);
	const takers: Taker[] = [];
	const begin: BeginCopy = async (places) => {
		takers.push(new Taker(places, random));
		return await Promise.resolve(takers.at(-1)!);
	};
	const copy = await SharedCopy.begin(begin, () => Promise.reject(new Error('for so little')));
	for (let count = 0; count < 15; count++)
		await copy.write(Buffer.alloc(megabyte, '12345678\t0123456789abcdef\n'), 1);
	await copy.end();
	expect(takers).toHaveLength(1);
});

test('what one connection fails with is the failure of all', async () => {
	const random = new Random(1);
	const begin: BeginCopy = async (places) => await Promise.resolve(new Taker(places, random));
	const failing: BeginCopy = async () =>
		await Promise.resolve({
			write: () => Promise.reject(new Error('refused')),
			end: () => Promise.reject(new Error('refused')),
		});
	const copy = await SharedCopy.begin(begin, async () => await Promise.resolve([failing]));
	const chunk = Buffer.from(`${'x'.repeat(megabyte)}\n${'y'.repeat(100)}`);
	const all = async () => {
		for (let count = 0; count < 40; count++) await copy.write(chunk, 1);
		await copy.end();
	};
	await expect(all()).rejects.toThrow('refused');
});
