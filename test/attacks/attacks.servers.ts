import { attacks } from '../../attacks/index.ts';
import { runAttack } from '../../attacks/harness/runAttack.ts';

/**
 * A short part of what `npm run guarantees` does for an hour, with other faults each day. A seed that lost something shows
 * it again: npm run guarantees -- --only FAULT --seed SEED.
 */
jest.setTimeout(300_000);

const seed = Math.floor(Date.now() / 86_400_000);

it.each(attacks.map((attack) => [attack.fault, attack] as const))(
	'nothing is lost: %s',
	async (_fault, attack) => {
		const { lost, tried } = await runAttack(attack, { faults: attack.faults.short, seed });
		expect({ lost, tried }).toEqual({ lost: [], tried: attack.faults.short });
	},
);
