import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backupKinds, sceneOfBackup } from '../crash/backups.ts';
import { keepers } from '../crash/keepers.ts';
import type { Scene } from '../crash/killAttack.ts';
import { restoreScenes, restoresOn } from '../crash/restoreScenes.ts';
import { type Attack, assertKept, type PromiseName } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { directoryState } from '../judges/directoryState.ts';
import { outageAttack } from '../outage/outageAttack.ts';
import { postgresWith, someMegabytes } from '../servers.ts';
import { type FakeClock, fakeClock } from './fakeClock.ts';

const offsets = ['+1h', '-1h', '+365d', '-365d'];

const { 'old backups are pruned': pruning, ...readers } = keepers;

/** Clocks that are set while something is under way, which is no reason to fail. */
export const setClocks: Attack[] = [
	clockSet('whole', 'a backup is made, verified or copied to another directory', async (scratch) => {
		const works = [
			...Object.values(backupKinds).map((kind) => async (own: string) => await sceneOfBackup(kind, own)),
			...Object.values(readers).map(({ setUp }) => setUp),
		];
		const scenes: Scene[] = [];
		for (const [index, work] of works.entries()) {
			const own = join(scratch, String(index));
			await mkdir(own);
			scenes.push(await work(own));
		}
		return scenes;
	}),
	clockSet(
		'restored',
		'a dump is restored into a new database, in place of one, or drilled',
		async (scratch) => {
			const source = await postgresWith(someMegabytes);
			const works = Object.values(restoreScenes);
			return await endingOnFailure(source, async () => {
				const scenes = await restoresOn(source, scratch, works);
				const { complete } = await directoryState(join(scratch, 'backups', 'postgres'));
				// What is dated in the future is nobody's newest, but has a name.
				const named = (arg: string) => (arg === 'newest' ? complete[0]! : arg);
				return scenes.map((scene) => ({ ...scene, args: scene.args.map(named) }));
			});
		},
	),
	clockSet('kept', 'old backups are pruned', async (scratch) => [await pruning!.setUp(scratch)]),
];

function clockSet(promise: PromiseName, work: string, setUp: (scratch: string) => Promise<Scene[]>): Attack {
	return outageAttack({
		promise,
		fault: `the clock set an hour or a year ahead or back while ${work}`,
		faults: { whole: 100, short: 1 },
		async setUp(scratch) {
			const clock = await fakeClock(join(scratch, 'clock'));
			const scenes = await setUp(scratch);
			return {
				scenes: scenes.map((scene) => onClock(scene, clock)),
				outage: {
					async begin(random) {
						await clock.set(random.pick(offsets));
						return true;
					},
					end: async () => await clock.set('+0'),
				},
			};
		},
	});
}

function onClock(scene: Scene, clock: FakeClock): Scene {
	return {
		...scene,
		env: { ...scene.env, ...clock.env },
		async judge(hasSucceeded) {
			assertKept(hasSucceeded, 'It fails because a clock was set');
			await scene.judge(true);
		},
	};
}
