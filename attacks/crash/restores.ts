import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { postgresWith, someMegabytes } from '../servers.ts';
import { killAttack } from './killAttack.ts';
import { restoreScenes, restoresOn } from './restoreScenes.ts';

/** Kills of what restores a database. */
export const killedRestores = Object.entries(restoreScenes).map(([work, one]) =>
	killAttack({
		promise: 'restored',
		fault: `kill -9 while ${work}`,
		faults: { whole: 300, short: 1 },
		async setUp(directory) {
			const source = await postgresWith(someMegabytes);
			const [scene] = await endingOnFailure(source, async () => await restoresOn(source, directory, [one]));
			return scene!;
		},
	}),
);
