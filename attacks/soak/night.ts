import type { CatalogEntry } from '../../core/artifact/index.ts';
import type { PlanOptions } from '../../core/retention/index.ts';
import type { PostgresConnection } from '../../core/postgres/connect/connection.ts';
import type { RedisConnection } from '../../core/redis/connection.ts';

/** What the process of the nights is told once. */
export interface Setting {
	root: string;
	folder: string;
	file: string;
	postgres: PostgresConnection;
	redis: RedisConnection;
}

/** One more night, at a moment of its own clock. */
export interface Night {
	now: Date;
	timeZone: string;
}

/** What it found in the morning. */
export interface Morning {
	/** The catalog before old backups were deleted. */
	catalog: CatalogEntry[];
	/** What the prune was asked. */
	asked: PlanOptions;
	usage: Usage;
}

/** What must not grow. */
export interface Usage {
	/** That something still refers to. */
	megabytes: number;
	/** That the system has given; its allocators keep what was needed at a time. */
	'resident megabytes': number;
	descriptors: number;
	sockets: number;
	threads: number;
}
