import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isInstalled } from '../../scripts/setup/debianPackages.ts';
import type { Job } from './jobs.ts';
import { type Contestant, race, type RaceOptions, type Times } from './race.ts';
import { compare, processRow, type GrowthSeries, type ProcessRow, type Row } from './results.ts';
import { runJob } from './runJob.ts';
import { runShell } from './runShell.ts';

/** How much is measured. */
export interface Scale extends RaceOptions {
	mode: 'quick' | 'full' | 'huge';
	/** Of the database and of the big files. */
	bytes: number;
	smallFiles: number;
	/** Of one database. */
	manyTables: number;
	manyDatabases: number;
	growthBytes: number[];
	growthTables: number[];
	growthDatabases: number[];
	/** How often each point of growth is measured; the median counts. */
	growthRounds: number;
}

/** Which work is set beside which peer: names of contestants. */
export type Pair = [work: string, peer: string];

/** What the works share: where to put files, and where results go. */
export class Bench {
	readonly scale: Scale;
	/** A directory of this run's own. */
	readonly scratch: string;
	readonly rows: Row[] = [];
	readonly processes: ProcessRow[] = [];
	readonly growth: GrowthSeries[] = [];
	readonly missing: string[] = [];
	/** Of the servers that were measured. */
	readonly servers: Record<string, string> = {};

	constructor(scale: Scale, scratch: string) {
		this.scale = scale;
		this.scratch = scratch;
	}

	/** An empty directory; what was in it from the run before is gone. */
	async emptyDirectory(name: string): Promise<string> {
		const path = join(this.scratch, name);
		await rm(path, { recursive: true, force: true });
		await mkdir(path, { recursive: true });
		return path;
	}

	/** A contestant of ours; each run finds the backup directory empty. */
	ours(name: string, job: (backupDirectory: string) => Job, prepare?: () => Promise<void>): Contestant {
		const directory = 'backups';
		return {
			name,
			prepare: async () => {
				await this.emptyDirectory(directory);
				await prepare?.();
			},
			run: () => runJob(job(join(this.scratch, directory))),
		};
	}

	/** A contestant that is a shell script; none, and a note of it, where its program is not installed. */
	peer(name: string, script: string, options: PeerOptions = {}): Contestant[] {
		const { needs, env, prepare, isAside } = options;
		if (needs !== undefined && !isInstalled(needs)) {
			this.missing.push(`${name}: ${needs} is not installed`);
			return [];
		}
		return [{ name, run: () => runShell(script, env), prepare, isAside }];
	}

	/** Runs a race and notes the rows of those pairs of which both took part. */
	async race(contestants: Contestant[], pairs: Pair[]): Promise<Map<string, Times>> {
		const times = await race(contestants, this.scale);
		for (const [work, peer] of pairs) {
			const [ours, theirs] = [times.get(work), times.get(peer)];
			if (ours && theirs?.seconds.length) this.rows.push(compare(ours, theirs));
		}
		for (const { name, measured } of times.values()) {
			if (measured.length > 0) this.processes.push(processRow(name, measured));
		}
		return times;
	}
}

export interface PeerOptions {
	/** A program that may not be there. */
	needs?: string;
	env?: NodeJS.ProcessEnv;
	prepare?: () => Promise<void>;
	isAside?: boolean;
}
