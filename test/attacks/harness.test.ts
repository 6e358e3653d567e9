import { setTimeout } from 'node:timers/promises';
import { type Attack, Lost, promises } from '../../attacks/harness/attack.ts';
import { attacks } from '../../attacks/index.ts';
import { runAttack } from '../../attacks/harness/runAttack.ts';
import { fillIn } from '../../attacks/report/markdown.ts';
import { planOf } from '../../attacks/report/plan.ts';
import { renewRows } from '../../attacks/report/results.ts';
import type { Random } from '../../lab/random.ts';

/** An attack whose faults do as they are told, one after the other. */
function scripted(strikes: Array<(random: Random) => boolean>): Attack {
	let next = 0;
	return {
		promise: 'whole',
		fault: 'a fault',
		faults: { whole: 10, short: 1 },
		open: async () => ({
			strike: async (random) => strikes[next++ % strikes.length]!(random),
			[Symbol.asyncDispose]: async () => {},
		}),
	};
}

const strikes = () => true;
const comesTooLate = () => false;
const loses = () => {
	throw new Lost('everything');
};

it('counts what struck, and names the seed of what lost something', async () => {
	const attack = scripted([strikes, comesTooLate, loses]);
	const result = await runAttack(attack, { faults: 4, seed: 100 });
	expect(result.lost).toEqual([
		{ seed: 102, what: 'everything' },
		{ seed: 105, what: 'everything' },
	]);
	expect(result).toMatchObject({ tried: 4, missed: 2, seed: 100 });
});

it('ends at its time with what it has tried until then, and tries one at least', async () => {
	const slowly: Attack = {
		...scripted([]),
		open: async () => ({
			strike: async () => await setTimeout(20, true),
			[Symbol.asyncDispose]: async () => {},
		}),
	};
	expect((await runAttack(slowly, { faults: 1000, seed: 1, seconds: 0 })).tried).toBe(1);
	const { tried } = await runAttack(slowly, { faults: 1000, seed: 1, seconds: 0.1 });
	expect(tried).toBeGreaterThan(1);
	expect(tried).toBeLessThanOrEqual(6);
});

it('the same seed gives a fault the same numbers', async () => {
	const seen: number[] = [];
	const attack = scripted([(random) => seen.push(random.below(1_000_000)) > 0]);
	await runAttack(attack, { faults: 2, seed: 7 });
	await runAttack(attack, { faults: 1, seed: 8 });
	expect(seen[2]).toBe(seen[1]);
	expect(seen[1]).not.toBe(seen[0]);
});

it('an attack that fails by itself proves nothing, and says at which seed', async () => {
	const attack = scripted([
		() => {
			throw new Error('no server');
		},
	]);
	await expect(runAttack(attack, { faults: 1, seed: 5 })).rejects.toThrow('a fault, seed 5: no server');
	await expect(runAttack(scripted([comesTooLate]), { faults: 1, seed: 5 })).rejects.toThrow(
		'a fault: nearly all faults come too late',
	);
});

it('a whole run has a minute for each attack, or so many, and no number of faults of its own', () => {
	const all = [scripted([strikes]), { ...scripted([strikes]), fault: 'another' }];
	expect(planOf([], all)).toMatchObject({ attacks: all, seconds: 60, isWhole: true });
	expect(planOf(['--only', 'ano', '--seed', '9', '--faults', '1'], all)).toEqual({
		attacks: [all[1]],
		seed: 9,
		faults: 1,
		isWhole: false,
	});
	expect(planOf(['--minutes', '2'], all)).toMatchObject({ seconds: 120, isWhole: true });
	expect(() => planOf(['--only', 'nothing'], all)).toThrow('No fault is called “nothing”');
	expect(() => planOf(['--seed', 'x'], all)).toThrow('x is no whole number');
});

it('the table says what was tried, survived and lost, a promise after the other', () => {
	const row = {
		promise: 'whole',
		fault: 'a fault',
		tried: 300,
		missed: 2,
		lost: [],
		seed: 5,
		seconds: 1,
	} as const;
	const at = '2026-11-26T05:00:00.000Z';
	const worse = { ...row, lost: [{ seed: 6, what: 'it' }], at };
	const two = { ...worse, promise: 'found', fault: 'two' } as const;
	const noMore = { ...worse, fault: 'of an attack that is no more' };
	const faults = ['a fault', 'not tried yet', 'two'];
	const rows = renewRows([two, noMore, worse], { ...row, lost: [], at }, faults);
	expect(rows.map(({ fault }) => fault)).toEqual(['a fault', 'two']);
	const document = 'Before\n<!-- results:begin -->old<!-- results:end -->\nAfter\n';
	const filled = fillIn(document, { machine: { cores: 2 }, versions: { node: '24' }, rows });
	expect(filled).toMatch(/^Before\n[^]*\nAfter\n$/);
	expect(filled).toContain('| a fault | 300 | 300 | 0 | 5 | 2026-11-26 |');
	expect(filled).toContain('### What is damaged is found\n\n| fault');
	expect(filled).toContain('| two | 300 | 299 | **1** | 5 | 2026-11-26 |');
	expect(() => fillIn('no marks', { machine: {}, versions: {}, rows })).toThrow('has lost the marks');
});

it('every promise is attacked, and each attack has a name of its own', () => {
	expect(new Set(attacks.map(({ promise }) => promise))).toEqual(new Set(Object.keys(promises)));
	expect(new Set(attacks.map(({ fault }) => fault)).size).toBe(attacks.length);
});
