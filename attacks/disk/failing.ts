import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { command, startCommand } from '../../lab/command.ts';
import { backupKinds, sceneOfBackup } from '../crash/backups.ts';
import { keepers } from '../crash/keepers.ts';
import type { Scene } from '../crash/killAttack.ts';
import { type Attack, assertKept, type PromiseName } from '../harness/attack.ts';
import { inTime } from '../judges/inTime.ts';
import { anyDiskFault, type DiskFault, FailingDisk } from './failingDisk.ts';
import { restoredFiles } from './restoredFiles.ts';

const { 'old backups are pruned': pruning, ...readers } = keepers;

/** A disk that says EIO to a call, or to all of a kind from one on, or that turns read-only. */
export const failingDisks: Attack[] = [
	failing('whole', 'a backup is made: dump, snapshot, archive, copy', async (scratch) => {
		const scenes: Scene[] = [];
		for (const backupOf of Object.values(backupKinds)) {
			scenes.push(await sceneOfBackup(backupOf, await newDirectory(scratch, scenes.length)));
		}
		return scenes;
	}),
	failing('whole', 'backups are verified, copied to another directory and restored', async (scratch) => {
		const scenes = await restoredFiles(await newDirectory(scratch, 0));
		for (const { setUp } of Object.values(readers)) {
			scenes.push(await setUp(await newDirectory(scratch, scenes.length)));
		}
		return scenes;
	}),
	failing('kept', 'old backups are pruned', async (scratch) => [
		await pruning!.setUp(await newDirectory(scratch, 0)),
	]),
];

/** What n8n-backup ends with where a backup is not as it should be. */
const blamesBackup = 3;
/** A run that ends later waits for something that does not come. */
const mostSeconds = 90;
/** The work is done again, on a good disk, after so many faults. */
const healEvery = 3;

function failing(promise: PromiseName, work: string, setUp: (scratch: string) => Promise<Scene[]>): Attack {
	return {
		promise,
		fault: `EIO at any call, once or from then on, or a disk that turns read-only, while ${work}`,
		faults: { whole: 300, short: 1 },
		async open(scratch) {
			const scenes = await setUp(scratch);
			const places = scenes.flatMap((scene) => scene.places);
			const disk = await FailingDisk.make(scratch, places);
			const counted = new Map<Scene, Map<string, number>>();
			let faults = 0;
			return {
				async strike(random) {
					const scene = random.pick(scenes);
					const fault = anyDiskFault(random);
					const known = counted.get(scene) ?? new Map<string, number>();
					counted.set(scene, known);
					const calls = known.get(fault.calls) ?? (await callsOf(disk, scene, fault));
					known.set(fault.calls, calls);
					if (calls === 0) return false;
					await scene.reset();
					const { hasSucceeded, said } = await runOn(disk, scene, fault, random.below(calls));
					const hasStruck = (await disk.tally()).failed > 0;
					const isSynced = fault.calls !== 'fsync' || !hasStruck;
					assertKept(isSynced || !hasSucceeded || !scene.isSynced, 'It succeeds, and may not be on the disk');
					await scene.judge(hasSucceeded, said);
					faults += 1;
					if (faults % healEvery === 1) await scene.heal?.();
					return hasStruck;
				},
				async [Symbol.asyncDispose]() {
					for (const scene of scenes) await scene[Symbol.asyncDispose]();
				},
			};
		},
	};
}

/** On a good disk. */
async function callsOf(disk: FailingDisk, scene: Scene, fault: DiskFault): Promise<number> {
	await scene.reset();
	const { exitCode, stderr } = await command(scene.args, {
		...scene.env,
		...(await disk.environment(fault)),
	});
	if (exitCode !== 0) throw new Error(`${scene.args.join(' ')} fails on a good disk: ${stderr}`);
	return (await disk.tally()).calls;
}

async function runOn(
	disk: FailingDisk,
	{ args, env }: Scene,
	fault: DiskFault,
	after: number,
): Promise<{ hasSucceeded: boolean; said: string }> {
	const started = startCommand(args, { ...env, ...(await disk.environment(fault, after)) });
	const run = await inTime(started, mostSeconds);
	const said = run.stdout + run.stderr;
	const at = `${fault.errno} at ${fault.calls} ${after}${fault.lasts ? ' and on' : ''}`;
	assertKept(run.exitCode !== blamesBackup, `It blames a backup (${at}): ${said}`);
	const isSaid = run.exitCode === 0 || (/^[✗?] /m.test(said) && !/\n\s+at /.test(said));
	assertKept(isSaid, `It fails without a word (${at}): ${said}`);
	return { hasSucceeded: run.exitCode === 0, said };
}

async function newDirectory(scratch: string, index: number): Promise<string> {
	const path = join(scratch, String(index));
	await mkdir(path);
	return path;
}
