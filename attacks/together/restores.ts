import { setTimeout as wait } from 'node:timers/promises';
import { command } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { needsServer, restoreScenes, restoresOn } from '../crash/restoreScenes.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { databaseNames } from '../judges/databases.ts';
import { postgresWith, someMegabytes } from '../servers.ts';

/** Of each kind so many begin within a second. */
const timesEach = 2;

/** Restores that want the same name, or the same database, at the same time. */
export const restoresAtOnce: Attack[] = [
	{
		promise: 'restored',
		fault: 'restores into one new name, restores in place of one database, and drills, at the same time',
		faults: { whole: 50, short: 1 },
		async open(scratch) {
			const source = await postgresWith(someMegabytes);
			const { server } = source;
			const kinds = Object.values(restoreScenes).filter(needsServer);
			const scenes = await endingOnFailure(source, async () => await restoresOn(source, scratch, kinds));
			const isKept = kinds.map(({ atOnce }) => enough[atOnce]);
			return {
				async strike(random: Random) {
					// The one that needs a database to be there is the last to put everything back.
					for (const scene of [...scenes].sort((a, b) => needsDatabase(a.args) - needsDatabase(b.args))) {
						await scene.reset();
					}
					const runs = scenes.flatMap((scene) => Array<typeof scene>(timesEach).fill(scene));
					const delays = runs.map(() => random.below(1000));
					const ended = await Promise.all(
						runs.map(async ({ args, env }, i) => {
							await wait(delays[i]);
							return await command(args, env);
						}),
					);
					for (const { exitCode, stdout, stderr } of ended) {
						const said = stdout + stderr;
						const isSaid = exitCode === 0 || (/^[✗?] /m.test(said) && !/\n\s+at /.test(said));
						assertKept(isSaid, `It fails without a word: ${said}`);
					}
					for (const [kind, scene] of scenes.entries()) {
						const own = ended.filter((_run, i) => runs[i] === scene);
						const successes = own.filter(({ exitCode }) => exitCode === 0).length;
						const said = own.map(({ stdout, stderr }) => stdout + stderr).join('\n');
						assertKept(
							isKept[kind]!(successes),
							`${successes} of ${timesEach} “${scene.args.join(' ')}” succeed: ${said}`,
						);
						await scene.judge(true);
					}
					const left = (await databaseNames(server)).filter((name) => name.startsWith('n8n_backup_'));
					assertKept(left.length === 0, `Left behind: ${left.join(', ')}`);
					return true;
				},
				[Symbol.asyncDispose]: async () => await source[Symbol.asyncDispose](),
			};
		},
	},
];

/** Whether so many successes are as many as there can be: of those that want one name the first has it. */
const enough = {
	one: (successes: number) => successes === 1,
	any: (successes: number) => successes > 0,
	all: (successes: number) => successes === timesEach,
};

const needsDatabase = (args: readonly string[]) => Number(args.includes('--replace'));
