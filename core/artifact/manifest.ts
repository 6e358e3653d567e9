import type { Component, EngineName } from './component';
import type { CompressionMethod } from '../compression/compression';
import type { EncryptionRecord } from '../encryption/keys';

/** Rows of every table, counted while the dump streamed past. Keys are `schema.table`, quoted as in the dump. */
export interface PostgresCensus {
	kind: 'postgres';
	tables: Record<string, number>;
	rows: number;
	/** Large objects with their data; left out where there are none. */
	largeObjects?: number;
}

/** What a tar holds and what could not be put into it. Paths are relative to the archived directory. */
export interface TarCensus {
	kind: 'tar';
	/** Members of every type: files, directories and links. */
	entries: number;
	/** Sum of the files' sizes, in bytes. */
	bytes: number;
	/** Sockets, devices and pipes, which no archive can hold. */
	skipped: number;
	/** Files that changed while they were read; each is in the archive at the size it began with. */
	changed: string[];
	/** Files that were listed but gone when their turn came. */
	vanished: string[];
	/** SQLite databases that were captured by a consistent copy rather than byte by byte. */
	sqlite: string[];
	/** What those copies hold, in the order of `sqlite`. Backups by earlier versions lack it. */
	databases?: DatabaseCensus[];
}

/** What an SQLite database was found to be when it was captured: to be compared with what is restored. */
export interface DatabaseCensus {
	path: string;
	/** The answer of `PRAGMA quick_check`; not known where it uses what only its own program has, as a collation. */
	check: 'passed' | 'unchecked';
	/** Rows of every table, only of n8n's own database. */
	tables?: Record<string, number>;
	/** Only of n8n's own database. Backups by earlier versions lack it. */
	n8n?: N8nHistory;
}

export interface RedisCensus {
	kind: 'redis';
	/** Undefined where the server's key count could not be read. */
	keys?: number;
	rdbVersion: number;
	/** A server with `rdbchecksum no` writes a zero: then only the structure is checked. */
	checksum: 'verified' | 'absent';
}

export interface FileCensus {
	kind: 'file';
}

/** What a newer version of this package counted, which this one does not know. Never written. */
export interface UnknownCensus {
	kind: 'unknown';
}

export type Census = PostgresCensus | TarCensus | RedisCensus | FileCensus | UnknownCensus;

/** What a database is beside what is in it: no dump of a database has that. */
export interface DatabaseProperties {
	owner: string;
	encoding: string;
	collate: string;
	ctype: string;
	/** Undefined: libc, as everywhere before PostgreSQL 15. */
	localeProvider?: 'icu' | 'builtin';
	/** Of that provider. */
	locale?: string;
	icuRules?: string;
	/** Undefined: the server's usual one. */
	tablespace?: string;
	/** -1: as many as there may be. */
	connectionLimit: number;
	comment?: string;
	/** Undefined: the privileges that every database begins with. Without a grantee: everybody's. */
	grants?: Array<{ grantee?: string; privilege: string; grantable: boolean }>;
	/** Settings of the database, for all roles and for single ones. */
	settings: Array<{ role?: string; name: string; value: string }>;
}

/** How far an n8n's database was migrated when it was backed up: an older n8n does not know what newer ones made of it. */
export interface N8nHistory {
	/** The n8n that used the database last, where it writes that down (table `instance_version_history`). */
	version?: string;
	/** Name of the migration that ran last (table `migrations`). */
	lastMigration: string;
	/** How many there were. */
	migrations: number;
}

/** Where the bytes came from. Never a secret. */
export interface ManifestSource {
	host?: string;
	port?: number;
	database?: string;
	serverVersion?: string;
	/** Of the database. Settings with a dot in their names are left out: applications keep secrets in them. */
	properties?: DatabaseProperties;
	/** Of the database's n8n, where there is one, and one only. */
	n8n?: N8nHistory;
	container?: string;
	volume?: string;
	path?: string;
}

/** The result of the last time somebody looked whether an artifact is still good. */
export interface CheckRecord {
	/** ISO 8601, UTC. */
	at: string;
	result: 'passed' | 'failed';
	/** One line a check. */
	findings: string[];
}

/** Where a copy of an artifact is. Kept in the local manifest alone: the one beside the copy has none. */
export interface CopyRecord {
	/** The destination, in words without a secret: `s3://bucket/prefix`. */
	place: string;
	/** When it was first found whole there: ISO 8601, UTC. */
	at: string;
	lastSeenAt: string;
	/** When a prune took it away from there; then no copy run brings it back. */
	prunedAt?: string;
}

/** That a backup holds far less than the last full one of its series. */
export interface ShrinkRecord {
	/** File name of the last full one. */
	before: string;
	/** What was lost, one sentence each. */
	lost: string[];
	/** When somebody said that it is meant to be so. ISO 8601, UTC. */
	acceptedAt?: string;
}

/** The JSON beside an artifact that says what it is. */
export interface Manifest {
	/** 1; more where a newer version of this package has written it. */
	schemaVersion: number;
	component: Component;
	/** File name of the artifact, without its directory. */
	artifact: string;
	/** Size of the artifact file. */
	storedBytes: number;
	/** Size before compression. */
	rawBytes: number;
	/** Hex digest of the artifact file. */
	sha256: string;
	/** ISO 8601, UTC. */
	startedAt: string;
	/** ISO 8601, UTC. */
	finishedAt: string;
	/** IANA name of the zone that the artifact's name is written in. */
	timeZone: string;
	source: ManifestSource;
	/** `unknown` where a newer version has another one. */
	engine: { name: EngineName | 'unknown'; version: string };
	compression: CompressionMethod;
	/** The recipients of an encrypted artifact. */
	encryption?: EncryptionRecord;
	census: Census;
	warnings: string[];
	/** Whether n8n's encryption key is in this artifact; only said of the components that can hold it. */
	encryptionKey?: 'found' | 'missing';
	/** The n8n instance that made the backup. */
	instanceId?: string;
	/** Version of the n8n that made the backup; unknown where a command made it. */
	n8nVersion?: string;
	packageVersion: string;
	/** Only where it was found to be so. */
	shrunk?: ShrinkRecord;
	verification?: CheckRecord;
	drill?: CheckRecord;
	copies?: CopyRecord[];
}
