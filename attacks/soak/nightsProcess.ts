import { readdir, readlink } from 'node:fs/promises';
import type { ArtifactRequest, OpenSource } from '../../core/artifact/index.ts';
import type { PlanOptions } from '../../core/retention/index.ts';
import {
	archiveDirectory,
	backUp,
	builtInDump,
	builtInSnapshot,
	carryOut,
	copyFile,
	planPrune,
	readCatalog,
} from '../harness/package.ts';
import { setTime } from '../time/shiftedDate.ts';
import type { Morning, Night, Setting, Usage } from './night.ts';

/**
 * Does in one process, as n8n does, what n8n does every night. Its clock is told what time it is.
 */
const { signal } = new AbortController();
let setting: Setting;

process.on('message', (message: Setting | Night) => {
	if ('root' in message) setting = message;
	else void passNight(message).then(answer, (error: unknown) => answer({ error: String(error) }));
});

function answer(message: Morning | { error: string }): void {
	process.send!(message);
}

async function passNight({ now, timeZone }: Night): Promise<Morning> {
	setTime(now);
	const { root, folder, file, postgres, redis } = setting;
	const make = async (
		one: Pick<ArtifactRequest, 'component' | 'prefix' | 'extension' | 'compression'>,
		source: OpenSource,
	) => await backUp({ ...one, root, timeZone, step: one.prefix }, source, signal);
	const dump = { database: 'n8n', selection: {}, noOwner: false, noPrivileges: false };
	const zstd = { method: 'zstd' } as const;
	const gzip = { method: 'gzip' } as const;
	const none = { method: 'none' } as const;
	await Promise.all([
		make(
			{ component: 'postgres', prefix: 'n8n', extension: 'sql', compression: zstd },
			builtInDump(postgres, dump),
		),
		make({ component: 'redis', prefix: 'dump', extension: 'rdb', compression: none }, builtInSnapshot(redis)),
		make(
			{ component: 'n8n', prefix: 'n8n_data', extension: 'tar', compression: gzip },
			archiveDirectory({ directory: folder }),
		),
		make(
			{ component: 'env', prefix: 'env', extension: 'backup', compression: none },
			copyFile({ path: file }),
		),
	]);
	const catalog = await readCatalog({ root, timeZone });
	const asked: PlanOptions = {
		policy: { keepDays: 7, keepLast: 3, keepDaily: 0, keepWeekly: 4, keepMonthly: 3, keepYearly: 0 },
		now: new Date(),
		timeZone,
		includeUnproven: false,
		failedComponents: [],
	};
	for (const verdict of await planPrune({ root, ...asked })) await carryOut(verdict, { dryRun: false });
	return { catalog, asked, usage: await usage() };
}

async function usage(): Promise<Usage> {
	globalThis.gc?.();
	const descriptors = await readdir('/proc/self/fd');
	const targets = await Promise.all(
		descriptors.map(async (name) => await readlink(`/proc/self/fd/${name}`).catch(() => '')),
	);
	const { heapUsed, external, rss } = process.memoryUsage();
	return {
		megabytes: (heapUsed + external) / 1e6,
		'resident megabytes': rss / 1e6,
		descriptors: descriptors.length,
		sockets: targets.filter((target) => target.startsWith('socket:')).length,
		threads: (await readdir('/proc/self/task')).length,
	};
}
