import type { RestoreOptions } from '../restore/request';
import { loadSettings } from '../restore/loadDump';

/**
 * What a drill leaves out: who owns what says nothing about the data, and another server has other roles. One
 * connection is enough.
 */
export const drillOptions: RestoreOptions = {
	owners: { kind: 'connecting-user' },
	privileges: 'skip',
	missingRoles: 'skip',
	indexJobs: 1,
};

/** Settings that keep a drill small beside what the server is there for. Any user may set them. */
export function drillSettings(serverMajor: number): Record<string, string> {
	return {
		...loadSettings,
		work_mem: '4MB',
		maintenance_work_mem: '64MB',
		max_parallel_workers_per_gather: '0',
		// Written pages go to the disk bit by bit, not in one burst at the next checkpoint.
		backend_flush_after: '1MB',
		...(serverMajor >= 11 ? { max_parallel_maintenance_workers: '0' } : {}),
	};
}
