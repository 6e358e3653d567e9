import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { directoryState } from '../judges/directoryState.ts';
import { dayIn } from '../retention/model.ts';
import type { Ran, Run } from './zonesProcess.ts';

/** Nights in which clocks are put forward or back, and days that not every year has. */
export const changedClocks: Attack[] = [
	{
		promise: 'kept',
		fault:
			'runs over both changes of the clocks in ten zones, leap days and year’s ends, the zone changed between runs: names, the newest, what stays',
		faults: { whole: 500, short: 10 },
		open,
	},
];

const zones = [
	'Europe/Berlin',
	'Europe/London',
	'America/New_York',
	'America/Havana',
	'America/Santiago',
	'Africa/Cairo',
	'Africa/Casablanca',
	'Asia/Beirut',
	'Australia/Lord_Howe',
	'Pacific/Auckland',
];
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const runs = 8;

async function open(scratch: string): Promise<Arena> {
	const root = join(scratch, 'backups');
	const child = fork(join(process.cwd(), 'attacks', 'time', 'zonesProcess.ts'), {
		serialization: 'advanced',
		execArgv: ['--disable-warning=ExperimentalWarning'],
	});
	return {
		async strike(random: Random) {
			await rm(root, { recursive: true, force: true });
			await mkdir(root);
			const home = random.pick(zones);
			const around = random.pick(momentsOf(home));
			// Every few minutes, or every few hours, from before it to after it.
			const stepMs = random.pick([7 * 60_000, 0.5 * hourMs, hourMs, 5 * hourMs]);
			const first = around - (runs / 2) * stepMs;
			const made = new Map<string, { content: string; at: Date }>();
			for (let i = 0; i < runs; i += 1) {
				const now = new Date(first + i * stepMs + random.below(60_000));
				const timeZone = random.below(4) === 0 ? random.pick(zones) : home;
				const content = `run ${i} at ${now.toISOString()}\n`;
				const before = await readdir(join(root, 'env')).catch((): string[] => []);
				const ran = await pass(child, { root, now, timeZone, content });
				assertKept(!made.has(ran.made), `Two backups have the name ${ran.made}`);
				made.set(ran.made, { content, at: now });
				assertKept(
					ran.newest.length === 1 && ran.newest[0] === ran.made,
					`The newest is ${ran.made}, and ${ran.newest.join(', ')} is taken for it`,
				);
				const today = dayIn(timeZone, now);
				const there = new Set(await readdir(join(root, 'env')));
				const gone = [...before, ran.made].filter((name) => {
					const at = made.get(name)?.at;
					return at !== undefined && dayIn(timeZone, at) === today && !there.has(name);
				});
				assertKept(gone.length === 0, `Of today, and deleted: ${gone.join(', ')}`);
			}
			await judgeContents(join(root, 'env'), made);
			return true;
		},
		async [Symbol.asyncDispose]() {
			child.kill();
		},
	};
}

async function judgeContents(
	directory: string,
	made: ReadonlyMap<string, { content: string }>,
): Promise<void> {
	const { complete, broken } = await directoryState(directory);
	assertKept(broken.length === 0, `Neither whole nor absent: ${broken.join(', ')}`);
	for (const name of complete) {
		const content = await readFile(join(directory, name), 'utf8');
		assertKept(content === made.get(name)?.content, `${name} holds what another run backed up`);
	}
}

/** When a zone's clocks are changed in those years, found by its offset alone; leap days and year's ends. */
function momentsOf(timeZone: string): number[] {
	const offset = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
	const offsetAt = (at: number) =>
		offset.formatToParts(at).find(({ type }) => type === 'timeZoneName')!.value;
	const moments = ['2027-12-31', '2028-02-28', '2028-02-29', '2028-03-01'].map((day) => Date.parse(day));
	for (let at = Date.parse('2026-12-31'); at < Date.parse('2028-12-31'); at += dayMs) {
		if (offsetAt(at) === offsetAt(at + dayMs)) continue;
		let [before, after] = [at, at + dayMs];
		while (after - before > 60_000) {
			const middle = (before + after) / 2;
			if (offsetAt(middle) === offsetAt(at)) before = middle;
			else after = middle;
		}
		moments.push(after);
	}
	return moments;
}

async function pass(child: ChildProcess, run: Run): Promise<Ran> {
	child.send(run);
	const [answer] = (await once(child, 'message')) as [Ran | { error: string }];
	if ('error' in answer) throw new Error(answer.error);
	return answer;
}
