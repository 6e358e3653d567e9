import type { CompressionMethod, DatabaseProperties } from '../../artifact';
import { readArtifact } from '../../artifact/readArtifact';
import type { DecryptionKeys } from '../../encryption';
import { BackupError } from '../../errors';
import {
	assertNoDirectoryFormat,
	dumpedVersion,
	FormatCheck,
	isClusterHeading,
	SqlLexer,
	type SqlSegment,
} from '../sql';
import { creationClauses } from './adoption';

/** What the first lines of a dump say of it. */
export interface DumpHead {
	/** Of the server that was dumped: `15.4 (Debian 15.4-1)`. */
	serverVersion?: string;
	/** PostgreSQL's name of the encoding that the dump is written in. */
	encoding?: string;
}

/** Bytes within which pg_dump has said it all. */
const headBytes = 64 * 1024;

/**
 * Reads the first lines of a dump: its comments and settings, up to the first statement that makes something.
 *
 * @throws BackupError when the file cannot be read or not decompressed, `damaged` for one in another format,
 * `bad-parameter` for one of roles and tablespaces, `auth` without a key that fits
 */
export async function readDumpHead(
	path: string,
	compression: CompressionMethod,
	keys?: DecryptionKeys,
): Promise<DumpHead> {
	const head: DumpHead = {};
	const enough = new AbortController();
	await assertNoDirectoryFormat(path);
	try {
		await readArtifact(
			{ path, compression, keys },
			async (raw) => {
				await readHead(raw, head);
				enough.abort();
			},
			enough.signal,
		);
	} catch (error) {
		if (!enough.signal.aborted) throw error;
	}
	return head;
}

/**
 * Clauses of CREATE DATABASE, the best first: as the database was that was dumped, where somebody wrote that down; without
 * its tablespace; and as the server likes it.
 */
export function creationsFor(
	head: DumpHead,
	dumped: DatabaseProperties | undefined,
): readonly [string, ...string[]] {
	if (!dumped) return [creationFor(head)];
	const elsewhere = creationClauses({ ...dumped, tablespace: undefined });
	if (dumped.tablespace === undefined) return [elsewhere, creationFor(head)];
	return [creationClauses(dumped), elsewhere, creationFor(head)];
}

/**
 * Clauses of CREATE DATABASE for a database that can hold the dump: texts of SQL_ASCII databases are bytes in any
 * encoding, and only another such database takes them all.
 */
function creationFor({ encoding }: DumpHead): string {
	return encoding === 'SQL_ASCII' ? `ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'` : '';
}

async function readHead(raw: AsyncIterable<Buffer>, head: DumpHead): Promise<void> {
	const format = new FormatCheck();
	const lexer = new SqlLexer();
	let bytes = 0;
	for await (const chunk of raw) {
		format.note(chunk);
		for (const segment of lexer.push(chunk)) {
			if (!readSegment(segment, head)) return;
		}
		bytes += chunk.length;
		if (bytes >= headBytes) return;
	}
}

/** Takes what a segment says; false once the dump begins to make things. */
function readSegment(segment: SqlSegment, head: DumpHead): boolean {
	if (segment.kind === 'comment') {
		if (isClusterHeading(segment.text)) throw notOneDatabase();
		head.serverVersion ??= dumpedVersion(segment.text.toString());
		return true;
	}
	if (segment.kind !== 'statement') return segment.kind === 'psql-command';
	const text = segment.text.toString('utf8', 0, 100);
	head.encoding ??= /^SET client_encoding = '([^']+)';$/.exec(text)?.[1];
	return /^(?:SET |SELECT pg_catalog\.set_config\()/.test(text);
}

/** What belongs to the whole server cannot be put beside what is there and be compared first: it is no database. */
function notOneDatabase(): BackupError {
	const what = 'The backup holds roles and tablespaces of a whole server (globals), not one database';
	return new BackupError('bad-parameter', what, {
		advice:
			'Apply it with psql as a superuser, before the databases are restored: gzip -dc FILE | psql --dbname postgres (zstd -dc for .zst)',
	});
}
