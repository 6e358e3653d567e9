import type { CompressionMethod, Manifest, OnProgress } from '../../artifact';
import type { DecryptionKeys } from '../../encryption';
import type { PostgresConnection } from '../connect/connection';
import type { CensusComparison } from '../compareCensus';

/** Who is to own what is restored. */
export type OwnerRule =
	| { kind: 'as-dumped' }
	/** Everything belongs to the user that connects. */
	| { kind: 'connecting-user' }
	/** Everything belongs to one role. */
	| { kind: 'one'; role: string }
	/** Roles of the dump and the ones that take their place, as owners and in grants; others stay as dumped. */
	| { kind: 'map'; roles: Record<string, string> };

export interface RestoreOptions {
	/** As dumped, when undefined. */
	owners?: OwnerRule;
	/** Grants and revokes; as dumped, when undefined. */
	privileges?: 'as-dumped' | 'skip';
	/**
	 * What becomes of statements that name a role that the server does not have: they fail the restore, or they
	 * are left out and counted in a warning, or the roles are created as superusers, which is for a server that nobody
	 * else is on. `fail` when undefined.
	 */
	missingRoles?: 'fail' | 'skip' | 'create';
	/**
	 * Only these tables, written as in the census (`public.users`): their definition, rows, sequences, indexes and
	 * constraints, comments and grants, with all schemas, types and extensions. Left out are functions, views, triggers,
	 * rules, policies and large objects, and foreign keys to tables that are not restored.
	 */
	tables?: string[];
	/** Extensions that are left out, with what the dump says about them: `pg_cron`, which one database only may have. */
	withoutExtensions?: string[];
	/** Whether an index or a materialised view that cannot be built is a warning; otherwise it fails the restore. */
	skipFailedIndexes?: boolean;
	/** Connections that send the rows of large tables, and build indexes; 2 when undefined, always 1 below PostgreSQL 11. */
	indexJobs?: number;
	/** Settings for the sessions that restore, such as `maintenance_work_mem: '256MB'`. */
	settings?: Record<string, string>;
	/** Bytes of SQL after which the restore is given up; undefined knows no limit. */
	maxRawBytes?: number;
}

export type RestoreTarget =
	/** A database that does not exist yet. */
	| { kind: 'new'; database: string }
	/**
	 * An existing database: the dump is restored beside it and compared, `safetyBackup` saves what is there, and then
	 * the two change names in one transaction. The old one stays under a dated name.
	 */
	| { kind: 'replace'; database: string; safetyBackup: (signal: AbortSignal) => Promise<string> };

export interface RestoreRequest {
	artifactPath: string;
	/** From the artifact's name when undefined. */
	compression?: CompressionMethod;
	/** For a dump that is encrypted. */
	keys?: DecryptionKeys;
	/** Without it neither the bytes nor the rows can be compared with what was backed up. */
	manifest?: Manifest;
	/** The server; a database on it that the user may connect to. */
	connection: PostgresConnection;
	target: RestoreTarget;
	options?: RestoreOptions;
	/** The n8n that is going to use the database, to warn where it is older than what was backed up. */
	n8nVersion?: string;
	/** IANA name of the zone that the dated name of a replaced database is written in; UTC when undefined. */
	timeZone?: string;
	onProgress?: OnProgress;
}

export interface RestoreReport {
	/** The database that now holds the dump. */
	database: string;
	/** Where what was there before is kept; only after a replacement. */
	replacedDatabase?: string;
	/** What the safety backup called itself; only for a replacement. */
	safetyBackup?: string;
	/** Bytes of SQL that were restored. */
	rawBytes: number;
	/** Rows that the server took, per table. */
	rows: Record<string, number>;
	/** Undefined without a manifest: then there is nothing to compare with. */
	comparison?: CensusComparison;
	/** What was left out, and why. */
	warnings: string[];
	/** Milliseconds. */
	durationMs: number;
}
