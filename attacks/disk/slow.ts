import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startCommand } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { backupKinds, sceneOfBackup } from '../crash/backups.ts';
import type { Scene } from '../crash/killAttack.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { type DiskFault, FailingDisk } from './failingDisk.ts';

/** A disk on which calls take long, all of a kind or one of them. */
export const slowDisks: Attack[] = [
	{
		promise: 'whole',
		fault:
			'a disk on which writes, fsyncs, renames or all calls take long, or one stands still, while a backup is made and, in half of the runs, cancelled',
		faults: { whole: 200, short: 1 },
		async open(scratch) {
			const scenes: Scene[] = [];
			for (const backupOf of Object.values(backupKinds)) {
				const own = join(scratch, String(scenes.length));
				await mkdir(own);
				scenes.push(await sceneOfBackup(backupOf, own));
			}
			const places = scenes.map((_scene, index) => join(scratch, String(index), 'backups'));
			const disk = await FailingDisk.make(scratch, places);
			const heartbeatFile = join(scratch, 'heartbeat');
			return {
				strike: async (random) => await strike({ random, scene: random.pick(scenes), disk, heartbeatFile }),
				async [Symbol.asyncDispose]() {
					for (const scene of scenes) await scene[Symbol.asyncDispose]();
				},
			};
		},
	},
];

/** How long one call stands still. A thread that waits for it itself stands still as long. */
const standstillMs = 5000;
/** After which a command that was cancelled has long ended: calls that are under way end first, one after the other. */
const patienceMs = 60_000;
/** What ends a command in good order. */
const cancelled = 130;

interface Strike {
	random: Random;
	scene: Scene;
	disk: FailingDisk;
	heartbeatFile: string;
}

async function strike({ random, scene, disk, heartbeatFile }: Strike): Promise<boolean> {
	const isStandstill = random.below(2) === 0;
	const fault: DiskFault = {
		calls: random.pick(['write', 'fsync', 'rename', 'open', 'readdir', 'change']),
		errno: 'EIO',
		delayMs: isStandstill ? standstillMs : random.pick([20, 100, 300]),
		lasts: !isStandstill,
	};
	const after = isStandstill ? random.below(12) : 0;
	await scene.reset();
	await rm(heartbeatFile, { force: true });
	const { child, ended } = startCommand(scene.args, {
		...scene.env,
		...(await disk.environment(fault, after)),
		NODE_OPTIONS: `--import ${join(process.cwd(), 'attacks', 'disk', 'heartbeat.mjs')}`,
		HEARTBEAT_FILE: heartbeatFile,
	});
	const isCancelled = random.below(2) === 0;
	if (isCancelled) {
		await Promise.race([ended, wait(300 + random.below(5000))]);
		child.kill('SIGINT');
	}
	const at = `${fault.calls} of ${fault.delayMs} ms${isStandstill ? ` at ${after}` : ''}`;
	const run = await Promise.race([
		ended,
		wait(isCancelled ? patienceMs : 4 * patienceMs, undefined, { ref: false }),
	]);
	if (run === undefined) child.kill('SIGKILL');
	assertKept(run !== undefined, `It does not end (${at})`);
	const { exitCode, stderr } = run;
	const hasStruck = (await disk.tally()).failed > 0;
	const isExpected = exitCode === 0 || (isCancelled && (exitCode === cancelled || exitCode === -1));
	assertKept(isExpected, `A slow disk alone makes it fail with ${exitCode} (${at}): ${stderr}`);
	await scene.judge(exitCode === 0);
	const stoodStill = Number(await readFile(heartbeatFile, 'utf8').catch(() => '0'));
	assertKept(
		!isStandstill || stoodStill < standstillMs - 100,
		`The event loop stood still for ${stoodStill} ms (${at})`,
	);
	return hasStruck;
}
