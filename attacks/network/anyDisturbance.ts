import type { Random } from '../../lab/random.ts';
import type { Disturbance } from '../../lab/servers/disturbingProxy.ts';

/** @param bytes of undisturbed work on the wire, about */
export function anyDisturbance(
	kinds: ReadonlyArray<Disturbance['kind']>,
	bytes: number,
	random: Random,
): Disturbance {
	// As often among the first questions as anywhere in the data.
	const afterBytes = random.below(random.below(3) === 0 ? 5000 : bytes);
	return { kind: random.pick(kinds), afterBytes, once: random.below(2) === 0 };
}
