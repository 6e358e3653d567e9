import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { backUp, carryOut, copyFile, newestGoodArtifacts, planPrune } from '../harness/package.ts';
import { setTime } from './shiftedDate.ts';

/** One run, at a moment of the clock of this process. */
export interface Run {
	root: string;
	now: Date;
	timeZone: string;
	/** Of the file that is backed up. */
	content: string;
}

/** What it made, and what it found then. */
export interface Ran {
	made: string;
	newest: string[];
}

const { signal } = new AbortController();

process.on('message', (run: Run) => {
	void passRun(run).then(
		(ran) => process.send!(ran),
		(error: unknown) => process.send!({ error: String(error) }),
	);
});

/** A backup of a file, then everything pruned that may go, in a process as n8n's. */
async function passRun({ root, now, timeZone, content }: Run): Promise<Ran> {
	setTime(now);
	const path = join(root, '..', '.env');
	await writeFile(path, content);
	const request = {
		...{ root, timeZone, step: 'env', prefix: 'env', extension: 'backup' },
		component: 'env' as const,
		compression: { method: 'none' as const },
	};
	const { path: made } = await backUp(request, copyFile({ path }), signal);
	const policy = { keepDays: 0, keepLast: 1, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 };
	const asked = { root, policy, now: new Date(), timeZone, includeUnproven: false, failedComponents: [] };
	for (const verdict of await planPrune(asked)) await carryOut(verdict, { dryRun: false });
	const newest = await newestGoodArtifacts({ root, timeZone, components: ['env'] });
	return {
		made: basename(made),
		newest: newest.map(({ name }) => name),
	};
}
