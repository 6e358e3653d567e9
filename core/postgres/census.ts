import { Transform, type TransformCallback } from 'node:stream';
import type { PostgresCensus } from '../artifact/manifest';
import {
	copyTarget,
	dumpedVersion,
	FormatCheck,
	isClusterHeading,
	SqlLexer,
	type SqlSegment,
	TrailerWatch,
} from './sql';
import { beginsWithAny } from './sql/bytes';
import { encodingSetting } from './sql/encoding';

/** How a dump opens each large object that it is about to fill. */
const largeObject = 'SELECT pg_catalog.lo_open(';

const createTable = /^CREATE (?:UNLOGGED |FOREIGN )?TABLE /;

/** What a dump says of itself, and what was counted in it. */
export interface DumpInspection {
	/**
	 * Tables are written as in the dump's COPY statements (`public."My Table"`). Empty ones are there with a
	 * zero; ones whose rows were excluded, and partitioned tables (whose partitions have the rows), are not.
	 */
	census: PostgresCensus;
	/** Of one database, or of what belongs to the whole server (pg_dumpall). */
	of: 'database' | 'server';
	/** Definitions of tables, also of those without rows of their own. */
	definedTables: number;
	/** As in the dump's head: `15.18 (Debian 15.18-0+deb12u1)`. */
	serverVersion?: string;
	/** Of the pg_dump that made it: `18.3`. */
	pgDumpVersion?: string;
}

/**
 * Watches a plain-format dump stream past, whatever made it: counts the rows of every table and remembers
 * whether pg_dump's trailer came last.
 */
export class DumpInspector {
	readonly #format = new FormatCheck();
	readonly #lexer = new SqlLexer();
	#of: DumpInspection['of'] = 'database';
	readonly #tables = new Map<string, number>();
	#encoding = 'UTF8';
	#table = '';
	#largeObjects = 0;
	#definedTables = 0;
	#serverVersion: string | undefined;
	#pgDumpVersion: string | undefined;
	readonly #trailer = new TrailerWatch();
	/** What made it give up; nothing is looked at any more since then. */
	#fault: Error | undefined;

	/**
	 * Never throws, since it looks at streams in passing: what it cannot read is said by {@link finish}.
	 *
	 * @param chunk is not needed any more once this has returned
	 */
	take(chunk: Buffer): void {
		if (this.#fault !== undefined) return;
		try {
			this.#format.note(chunk);
			for (const segment of this.#lexer.push(chunk)) this.#note(segment);
		} catch (error) {
			this.#fault = error instanceof Error ? error : new Error(String(error));
		}
	}

	/**
	 * What the dump held, once its last chunk was inspected.
	 *
	 * @throws BackupError `incomplete` when the dump is cut short or lacks its trailer, `damaged` or `unsupported`
	 * when it cannot be read
	 */
	finish(): DumpInspection {
		if (this.#fault !== undefined) throw this.#fault;
		for (const segment of this.#lexer.end()) this.#note(segment);
		this.#trailer.assertLast('Run the backup again; if it happens again, look into PostgreSQL’s log');
		const rows = [...this.#tables.values()].reduce((sum, count) => sum + count, 0);
		return {
			census: {
				kind: 'postgres',
				tables: Object.fromEntries(this.#tables),
				rows,
				...(this.#largeObjects > 0 ? { largeObjects: this.#largeObjects } : {}),
			},
			of: this.#of,
			definedTables: this.#definedTables,
			serverVersion: this.#serverVersion,
			pgDumpVersion: this.#pgDumpVersion,
		};
	}

	#note(segment: SqlSegment): void {
		this.#trailer.note(segment);
		switch (segment.kind) {
			case 'copy-start':
				this.#table = copyTarget(segment.text, this.#encoding);
				break;
			case 'copy-end':
				this.#tables.set(this.#table, (this.#tables.get(this.#table) ?? 0) + segment.rows);
				break;
			case 'statement':
				this.#noteStatement(segment.text);
				break;
			case 'comment':
				this.#noteComment(segment.text);
				break;
			case 'copy-data':
			case 'psql-command':
		}
	}

	#noteStatement(text: Buffer): void {
		if (!beginsWithAny(text, 'cs')) return;
		const beginning = text.toString('latin1', 0, largeObject.length);
		if (beginning === largeObject) this.#largeObjects++;
		else if (createTable.test(beginning)) this.#definedTables++;
		else this.#encoding = encodingSetting(text) ?? this.#encoding;
	}

	#noteComment(comment: Buffer): void {
		if (isClusterHeading(comment)) this.#of = 'server';
		const text = comment.toString('utf8').trimEnd();
		this.#serverVersion ??= dumpedVersion(text);
		this.#pgDumpVersion ??= /^-- Dumped by pg_dump version (.+)$/.exec(text)?.[1];
	}
}

/** Passes a dump on unchanged while the inspector looks at it. */
export class InspectingStream extends Transform {
	readonly #inspector: DumpInspector;
	readonly #beforeEnd: () => Promise<void>;

	/** @param beforeEnd called after the last byte was inspected; the stream ends only when it says so */
	constructor(inspector: DumpInspector, beforeEnd: () => Promise<void> = async () => {}) {
		super({ highWaterMark: 1024 * 1024 });
		this.#inspector = inspector;
		this.#beforeEnd = beforeEnd;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.#inspector.take(chunk);
		callback(null, chunk);
	}

	override _flush(callback: TransformCallback): void {
		this.#beforeEnd().then(() => callback(), callback);
	}
}
