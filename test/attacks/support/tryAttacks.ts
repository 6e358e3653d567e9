import { attacks } from '../../../attacks/index.ts';
import type { PromiseName } from '../../../attacks/harness/attack.ts';
import { runAttack } from '../../../attacks/harness/runAttack.ts';

const seed = Math.floor(Date.now() / 86_400_000);

/**
 * A short part of what `npm run guarantees` does for hours, with other faults each day. A seed that lost something shows
 * it again: `npm run guarantees -- --only FAULT --seed SEED --faults 1`.
 */
export function tryAttacksOn(promise: PromiseName): void {
	const all = attacks.filter((attack) => attack.promise === promise && attack.faults.short > 0);
	// They wait as often as they work.
	it.concurrent.each(all.map((attack) => [attack.fault, attack] as const))(
		'nothing is lost: %s',
		async (_fault, attack) => {
			const { lost, tried } = await runAttack(attack, { faults: attack.faults.short, seed });
			expect({ lost, tried }).toEqual({ lost: [], tried: attack.faults.short });
		},
		600_000,
	);
}
