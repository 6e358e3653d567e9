import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CatalogEntry } from '../../core/artifact/index.ts';
import { fewAtATime } from '../../lab/fewAtATime.ts';
import { Random } from '../../lab/random.ts';

const run = promisify(execFile);

const snapshots = 40;
/** Each snapshot has some of them, so that each is a series of its own. */
const tags = 12;
const newest = Date.parse('2026-11-20T03:00:00Z');
const dayMs = 86_400_000;

export interface Counts {
	keepLast: number;
	keepDaily: number;
	keepWeekly: number;
	keepMonthly: number;
	keepYearly: number;
}

/** What restic would forget of some of its snapshots. */
export interface Forgotten {
	/** The snapshots as backups of ours. */
	entries: CatalogEntry[];
	/** The moments of those that stay. */
	kept: Set<number>;
	/** A moment after all of them. */
	now: Date;
}

export interface Repository {
	forget(counts: Counts, random: Random): Promise<Forgotten>;
}

/** A repository of snapshots from the last three years, dense where the rules of days are. */
export async function openRepository(scratch: string): Promise<Repository> {
	const repository = join(scratch, 'restic');
	const file = join(scratch, 'file');
	await writeFile(file, 'a file');
	const restic = async (args: string[]) => {
		const env = { ...process.env, RESTIC_PASSWORD: 'of-the-attack', TZ: 'UTC' };
		return (await run('restic', ['--no-cache', '-q', '-r', repository, ...args], { env, maxBuffer: 1e8 }))
			.stdout;
	};
	await restic(['init']);
	const random = new Random(Date.now());
	const backups = Array.from({ length: snapshots }, () => {
		const days = random.below(random.below(2) === 0 ? 20 : 1100);
		const at = new Date(newest - days * dayMs - random.below(dayMs));
		const time = at.toISOString().slice(0, 19).replace('T', ' ');
		const some = Array.from({ length: tags }, (_unused, tag) => `t${tag}`).filter(
			() => random.below(2) === 0,
		);
		return ['backup', '--time', time, ...some.flatMap((tag) => ['--tag', tag]), file];
	});
	await fewAtATime(backups, restic);
	return {
		async forget({ keepLast, keepDaily, keepWeekly, keepMonthly, keepYearly }, choice) {
			const tag = `t${choice.below(tags)}`;
			const rules = Object.entries({
				'--keep-last': keepLast,
				'--keep-daily': keepDaily,
				'--keep-weekly': keepWeekly,
				'--keep-monthly': keepMonthly,
				'--keep-yearly': keepYearly,
			}).flatMap(([rule, value]) => (value === 0 ? [] : [rule, String(value)]));
			const asked = ['forget', '--dry-run', '--json', '--group-by', 'host', '--tag', tag, ...rules];
			return readAnswer(await restic(asked));
		},
	};
}

interface Snapshot {
	time: string;
}

function readAnswer(answer: string): Forgotten {
	const groups = JSON.parse(answer) as Array<{ keep: Snapshot[] | null; remove: Snapshot[] | null }>;
	const times = (all: Array<Snapshot[] | null>) =>
		all.flatMap((some) => some ?? []).map(({ time }) => new Date(time));
	const kept = times(groups.map(({ keep }) => keep));
	const removed = times(groups.map(({ remove }) => remove));
	return {
		entries: [...kept, ...removed].map(asEntry),
		kept: new Set(kept.map((at) => at.getTime())),
		now: new Date(newest + 3 * dayMs),
	};
}

function asEntry(at: Date): CatalogEntry {
	const stamp = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
	const name = `n8n_${stamp}.sql.gz`;
	const path = `/backups/postgres/${name}`;
	return {
		component: 'postgres',
		prefix: 'n8n',
		name,
		path,
		at,
		state: 'good',
		storedBytes: 1,
		manifest: undefined,
	};
}
