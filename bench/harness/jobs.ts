import type { Compression } from '../../core/compression/compression.ts';
import type { EncryptionKeys } from '../../core/encryption/keys.ts';
import type { PostgresConnection } from '../../core/postgres/connect/connection.ts';
import type { RedisConnection } from '../../core/redis/connection.ts';
import type { ThreadTimes } from './threads.ts';

/** One piece of work for the package, as plain values: it is done in a process of its own. */
export type Job =
	DumpJob | ContainerDumpJob | SnapshotJob | ArchiveJob | VerifyJob | RestoreJob | DrillJob | CopyJob;

export interface DumpJob {
	kind: 'dump';
	engine: 'built-in' | 'local';
	connection: PostgresConnection;
	/** Dumped one after the other. */
	databases: readonly string[];
	compression: Compression;
	encryption?: EncryptionKeys;
	backupDirectory: string;
}

export interface ContainerDumpJob {
	kind: 'container-dump';
	/** Of the Docker Engine. */
	socketPath: string;
	container: string;
	compression: Compression;
	backupDirectory: string;
}

export interface SnapshotJob {
	kind: 'snapshot';
	connection: RedisConnection;
	backupDirectory: string;
}

export interface ArchiveJob {
	kind: 'archive';
	directory: string;
	/** Whether the file is read back while it is written, as the node does unless told otherwise. */
	readBack: boolean;
	compression: Compression;
	encryption?: EncryptionKeys;
	backupDirectory: string;
}

export interface VerifyJob {
	kind: 'verify';
	component: 'postgres' | 'n8n';
	path: string;
}

export interface RestoreJob {
	kind: 'restore';
	connection: PostgresConnection;
	path: string;
	/** The database to make; it must not exist. */
	database: string;
}

/** A drill inside n8n. */
export interface DrillJob {
	kind: 'drill';
	path: string;
}

/** Everything in a backup directory to a bucket. */
export interface CopyJob {
	kind: 'copy';
	root: string;
	endpoint: string;
	bucket: string;
	/** Where nothing is yet. */
	prefix: string;
	accessKeyId: string;
	secretAccessKey: string;
}

/** What the process that did the work measured. */
export interface Measured {
	seconds: number;
	/** Of processor time, of all threads and of the programs that were started. */
	processorSeconds: number;
	/** Resident memory at its highest during the work, less what the idle process had; with that of a drill's process. */
	peakBytes: number;
	/** The event loop's delay, 99th percentile, in milliseconds. */
	loopDelayMs: number;
}

/** The process's answer. */
export type Outcome = Measured | { error: string };

/** What was measured from within and from outside. */
export interface WatchedJob extends Measured {
	/** Processor time during the work. */
	threads: ThreadTimes;
}
