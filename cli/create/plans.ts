import { defaultPrefixes, prefixFor, type Compression } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import type { PostgresEngine } from '../../core/postgres/engine';
import type { DumpRequest } from '../../core/postgres/dump/dumpRequest';
import type { RedisConnection } from '../../core/redis/connection';
import { builtInSnapshot } from '../../core/redis/snapshot/builtInSnapshot';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { copyFile } from '../../core/volume/copyFile';
import { filePrefix } from './filePrefix';
import type { Plan } from './planned';

/** What was chosen of all that a dump can be. */
export type DumpChoice = Omit<DumpRequest, 'database'>;

export interface DatabaseChoice {
	engine: PostgresEngine;
	/** Undefined: every database of the server. */
	database?: string;
	compression: Compression;
	dump: DumpChoice;
	/** What stands before the date; with several databases the name of each is added. */
	prefix?: string;
	/** Tells what of the server is left out. */
	onSkipped?: (sentences: readonly string[]) => void;
}

export function planDumps(choice: DatabaseChoice): Plan {
	const { engine, compression, dump, prefix } = choice;
	return {
		component: 'postgres',
		async backups(signal) {
			const names = await chooseNames(choice, signal);
			return names.map((database) => {
				const standard = prefixFor(database);
				const wanted = prefix !== undefined && names.length > 1 ? `${prefix}_${standard}` : prefix;
				// What one of several databases lacks, another may have.
				const unmatchedExclusions = names.length > 1 ? 'warn' : 'fail';
				return {
					component: 'postgres',
					prefix: wanted ?? standard,
					extension: 'sql',
					compression,
					step: `Dumping ${database}`,
					openSource: engine.dump({ ...dump, unmatchedExclusions, database }),
				};
			});
		},
	};
}

async function chooseNames(
	{ engine, database, onSkipped }: DatabaseChoice,
	signal: AbortSignal,
): Promise<string[]> {
	if (database !== undefined) return [database];
	const { names, skipped } = await engine.allDatabases(signal);
	onSkipped?.(skipped);
	if (names.length > 0) return names;
	throw new BackupError('not-found', 'The server has no database that could be backed up', {
		advice: skipped.join('; ') || 'Name one with --database',
	});
}

export function planSnapshot(
	redis: () => RedisConnection | Promise<RedisConnection>,
	prefix: string = defaultPrefixes.redis,
): Plan {
	return {
		component: 'redis',
		backups: async () => [
			{
				component: 'redis',
				prefix,
				extension: 'rdb',
				// Redis compresses what is worth it within the file.
				compression: { method: 'none' },
				step: 'Taking a snapshot of Redis',
				openSource: builtInSnapshot(await redis()),
			},
		],
	};
}

export interface DirectoryChoice {
	directory: string;
	root: string;
	compression: Compression;
	exclude?: readonly string[];
	prefix?: string;
}

export function planArchive({ directory, root, compression, exclude, prefix }: DirectoryChoice): Plan {
	const openSource = archiveDirectory({ directory, exclude, backupDirectory: root, readBack: true });
	return {
		component: 'n8n',
		backups: () => [
			{
				component: 'n8n',
				prefix: prefix ?? defaultPrefixes.n8n,
				extension: 'tar',
				compression,
				step: `Archiving ${directory}`,
				openSource,
			},
		],
	};
}

export function planCopy(path: string, prefix: string = filePrefix(path)): Plan {
	return {
		component: 'env',
		backups: () => [
			{
				component: 'env',
				prefix,
				extension: 'backup',
				compression: { method: 'none' },
				step: `Copying ${path}`,
				openSource: copyFile({ path }),
			},
		],
	};
}
