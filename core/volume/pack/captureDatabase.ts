import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type * as SqliteModule from 'node:sqlite';
import { BackupError, errorCode, errorMessage } from '../../errors';
import { displayPath } from '../tar/member';

type Sqlite = typeof SqliteModule;

/** What SQLite keeps beside a database while it is in use. */
export const companionSuffixes = ['-wal', '-shm', '-journal'] as const;

const signature = Buffer.from('SQLite format 3\0', 'latin1');

/** No database is smaller than its smallest page. */
export const smallestDatabaseBytes = 512;

/** Pages copied at a time; between the steps the thread can be ended. */
const pagesAtATime = 1000;

const busyTimeoutMs = 5000;

/** SQLITE_FULL (https://sqlite.org/rescode.html). */
const sqliteFull = 13;

/** Whether a file that begins with these bytes is an SQLite database (https://sqlite.org/fileformat.html). */
export function isDatabase(firstBytes: Buffer): boolean {
	return firstBytes.subarray(0, signature.length).equals(signature);
}

/**
 * Makes a consistent copy of an SQLite database that other processes may be writing to, with everything
 * committed so far in the one file. The database and its directory are left as they are and may be read-only.
 *
 * Ordinarily SQLite itself copies, inside a read transaction. Where it cannot (no permission to make its lock
 * file, an unfinished transaction to roll back), and also where nobody has the database open and a connection
 * would only leave files beside it, the files are copied and opened elsewhere, provided that they stayed
 * unchanged meanwhile.
 *
 * @param location Of the database.
 * @param target Where the copy goes; nothing must be there. Removed again on failure.
 * @throws BackupError `no-space` when the copy did not fit, Error that says why neither way worked otherwise
 */
export async function captureDatabase(location: Buffer, target: string): Promise<void> {
	const sqlite = await import('node:sqlite');
	const isInUse = sizeAndTime(companion(location, '-wal')) ?? sizeAndTime(companion(location, '-journal'));
	const ways = isInUse ? [copyThroughSqlite, copyAtRest] : [copyAtRest, copyThroughSqlite];
	const reasons: string[] = [];
	for (const way of ways) {
		try {
			return await way(sqlite, location, target);
		} catch (error) {
			await removeDatabase(target);
			if (isOutOfSpace(error)) throw noSpaceForCopy(location, target, error);
			reasons.push(errorMessage(error));
		}
	}
	throw new Error(reasons.join('; '));
}

/** Removes a database and what SQLite left beside it. */
export async function removeDatabase(path: string): Promise<void> {
	await Promise.all(['', ...companionSuffixes].map((suffix) => rm(`${path}${suffix}`, { force: true })));
}

async function copyThroughSqlite(sqlite: Sqlite, location: Buffer, target: string): Promise<void> {
	const database = new sqlite.DatabaseSync(location, { readOnly: true });
	try {
		database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
		// Node before 22.16 has no backup(). VACUUM INTO is as consistent but cannot be interrupted.
		if (typeof sqlite.backup !== 'function') {
			database.prepare('VACUUM INTO ?').run(target);
			return;
		}
		// With the transaction open, writers do not make the copy start over.
		database.exec('BEGIN');
		readSchema(database);
		// Without a callback between the steps, a thread that is told to end copies to the last page first.
		await sqlite.backup(database, target, { rate: pagesAtATime, progress: () => {} });
	} finally {
		database.close();
	}
}

async function copyAtRest(sqlite: Sqlite, location: Buffer, target: string): Promise<void> {
	const before = fingerprint(location);
	for (const suffix of ['', '-wal', '-journal']) {
		await copyIfThere(companion(location, suffix), `${target}${suffix}`);
	}
	if (fingerprint(location) !== before) throw new Error('it was written to while it was copied');
	// Opening brings in what is committed in the WAL and rolls back what is not; closing removes both files.
	const database = new sqlite.DatabaseSync(target);
	try {
		readSchema(database);
	} finally {
		database.close();
	}
}

function isOutOfSpace(error: unknown): boolean {
	const sqliteCode =
		typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
	return sqliteCode === sqliteFull || ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

function noSpaceForCopy(location: Buffer, target: string, cause: unknown): BackupError {
	const what = `There was no space left in ${dirname(target)} for a consistent copy of ${displayPath(location)}`;
	return new BackupError('no-space', what, {
		advice: 'Free space there, or have the copies made in a larger directory (TMPDIR in n8n’s environment)',
		cause,
	});
}

function readSchema(database: SqliteModule.DatabaseSync): void {
	database.prepare('SELECT count(*) FROM sqlite_schema').get();
}

async function copyIfThere(from: Buffer, to: string): Promise<void> {
	try {
		await pipeline(createReadStream(from), createWriteStream(to, { flags: 'wx', mode: 0o600 }));
	} catch (error) {
		if (errorCode(error) !== 'ENOENT') throw error;
		await rm(to, { force: true });
	}
}

/** Changes whenever the database or what lies beside it does. */
function fingerprint(location: Buffer): string {
	return ['', '-wal', '-journal'].map((suffix) => sizeAndTime(companion(location, suffix)) ?? '').join();
}

function sizeAndTime(path: Buffer): string | undefined {
	try {
		const { ino, size, mtimeNs } = statSync(path, { bigint: true });
		return `${ino}/${size}/${mtimeNs}`;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

function companion(location: Buffer, suffix: string): Buffer {
	return Buffer.concat([location, Buffer.from(suffix)]);
}
