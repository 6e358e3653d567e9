import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type * as SqliteModule from 'node:sqlite';
import { BackupError, errorCode, errorMessage, fileError } from '../../errors';
import { displayPath } from '../../tar/member';
import { copyAtRest } from './copyAtRest';
import { DamagedDatabase, type Examination, examineDatabase } from './examineDatabase';
import { companionOf, companionSuffixes, databaseHeaderBytes, hasWriteAheadLog } from './fileFormat';
import { sqliteErrorKind } from './sqliteError';

type Sqlite = typeof SqliteModule;

export interface CaptureRequest {
	/** Of the database. */
	location: Buffer;
	/** Where the copy goes; nothing must be there. Removed again on failure. */
	target: string;
	/** How long to wait for a database that somebody has locked. In milliseconds. */
	lockTimeoutMs: number;
}

/** Pages copied at a time; between the steps the process can do something else. */
const pagesAtATime = 1000;

/** Both ways fail when a writer begins or ends at the wrong moment; not again and again. */
const rounds = 3;

/**
 * Makes a consistent copy of an SQLite database that other processes may be writing to, with everything
 * committed so far in the one file, and examines it. The database and its directory are left as they are and may
 * be read-only.
 *
 * Ordinarily SQLite itself copies, inside a read transaction under its own locks. Where it cannot (no permission to
 * make its lock file, an unfinished transaction to roll back), and where nobody has a database in WAL mode open and
 * a connection would only leave files beside it, the files are copied and opened elsewhere, provided that
 * {@link copyAtRest} makes sure that nobody wrote to them.
 *
 * Must run in a process that nobody else uses SQLite in. Two libraries in one process do not see each other's
 * locks, and closing a file drops all locks that the process holds on it
 * (https://sqlite.org/howtocorrupt.html, section 2.2).
 *
 * @throws BackupError `no-space` when the copy did not fit, `incomplete` when it stayed locked or was written to
 * all the time, `damaged` when it is no sound database, `not-permitted`
 */
export async function captureDatabase(request: CaptureRequest): Promise<Examination> {
	const sqlite = await import('node:sqlite');
	const reasons: string[] = [];
	for (let round = 0; round < rounds; round++) {
		for (const way of waysFor(request.location)) {
			try {
				await way(sqlite, request);
				return examine(sqlite, request.target);
			} catch (error) {
				await removeDatabase(request.target);
				const final = finalError(error, request);
				if (final) throw final;
				reasons.push(errorMessage(error));
			}
		}
	}
	throw notCaptured(request.location, reasons);
}

/** Removes a database and what SQLite left beside it. */
export async function removeDatabase(path: string): Promise<void> {
	await Promise.all(['', ...companionSuffixes].map((suffix) => rm(`${path}${suffix}`, { force: true })));
}

type Way = (sqlite: Sqlite, request: CaptureRequest) => Promise<void> | void;

function waysFor(location: Buffer): Way[] {
	const isIdle = hasWriteAheadLog(readHeader(location)) && !existsSync(companionOf(location, '-shm'));
	return isIdle ? [copyFiles, copyThroughSqlite] : [copyThroughSqlite, copyFiles];
}

async function copyThroughSqlite(sqlite: Sqlite, { location, target, lockTimeoutMs }: CaptureRequest) {
	const database = new sqlite.DatabaseSync(location, { readOnly: true });
	try {
		database.exec(`PRAGMA busy_timeout = ${lockTimeoutMs}`);
		// Node before 22.16 has no backup(). VACUUM INTO is as consistent.
		const isWithoutBackup = typeof sqlite.backup !== 'function';
		if (isWithoutBackup || isMostlyFree(database)) {
			try {
				database.prepare('VACUUM INTO ?').run(target);
				return;
			} catch (error) {
				// It has to understand what it copies, as a collation that only another program has.
				if (isWithoutBackup || sqliteErrorKind(error) !== 'error') throw error;
				await removeDatabase(target);
			}
		}
		// With the transaction open, writers do not make the copy start over.
		database.exec('BEGIN');
		readSchema(database);
		await sqlite.backup(database, target, { rate: pagesAtATime });
	} finally {
		database.close();
	}
}

/** From a quarter on, leaving the free pages out is faster than copying them; it never takes more disk. */
const freeWorthLeaving = 0.25;

/** What was deleted leaves its pages in the file until somebody needs them: a pruned database is as large as before. */
function isMostlyFree(database: SqliteModule.DatabaseSync): boolean {
	const numberOf = (pragma: string) =>
		Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
	return numberOf('freelist_count') > numberOf('page_count') * freeWorthLeaving;
}

function copyFiles(_: Sqlite, { location, target }: CaptureRequest): void {
	copyAtRest(location, target);
}

/** Opening brings in what is committed in a log and rolls back what is not; closing removes both files. */
function examine(sqlite: Sqlite, copy: string): Examination {
	const database = new sqlite.DatabaseSync(copy);
	try {
		readSchema(database);
		const examination = examineDatabase(database);
		leaveOutFree(database);
		return examination;
	} finally {
		database.close();
	}
}

/** Of a copy of files; where SQLite cannot, it stays as it is. */
function leaveOutFree(database: SqliteModule.DatabaseSync): void {
	if (!isMostlyFree(database)) return;
	try {
		database.exec('VACUUM');
	} catch (error) {
		if (sqliteErrorKind(error) === undefined) throw error;
	}
}

function readSchema(database: SqliteModule.DatabaseSync): void {
	database.prepare('SELECT count(*) FROM sqlite_schema').get();
}

function readHeader(location: Buffer): Buffer {
	try {
		const descriptor = openSync(location, 'r');
		try {
			const header = Buffer.alloc(databaseHeaderBytes);
			return header.subarray(0, readSync(descriptor, header));
		} finally {
			closeSync(descriptor);
		}
	} catch (error) {
		throw fileError(error, displayPath(location));
	}
}

/** An error that no other way would avoid. */
function finalError(error: unknown, { location, target, lockTimeoutMs }: CaptureRequest) {
	const path = displayPath(location);
	const kind = sqliteErrorKind(error);
	if (kind === 'full' || ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) {
		return new BackupError(
			'no-space',
			`There was no space left in ${dirname(target)} for a consistent copy of ${path}`,
			{
				advice:
					'Free space there, or have the copies made in a larger directory (TMPDIR in n8n’s environment)',
				cause: error,
			},
		);
	}
	if (kind === 'busy' || kind === 'locked') {
		return new BackupError(
			'incomplete',
			`${path} was locked by another program for ${Math.round(lockTimeoutMs / 1000)} seconds`,
			{
				advice: 'Run it again when that program has finished writing, or exclude the database by a pattern',
				cause: error,
			},
		);
	}
	if (kind === 'corrupt' || kind === 'notADatabase' || error instanceof DamagedDatabase) {
		return new BackupError(
			'damaged',
			`${path} is a damaged or encrypted SQLite database: ${errorMessage(error)}`,
			{
				advice: 'Repair it with the command .recover of sqlite3, or exclude it by a pattern',
				cause: error,
			},
		);
	}
	return undefined;
}

function notCaptured(location: Buffer, reasons: string[]): BackupError {
	const path = displayPath(location);
	return new BackupError(
		'incomplete',
		`No consistent copy of the SQLite database ${path} could be made: ${[...new Set(reasons)].join('; ')}`,
		{
			advice:
				'See that n8n may read it and what lies beside it, stop what writes to it, or exclude it by a pattern',
		},
	);
}
