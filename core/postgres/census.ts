import { Transform, type TransformCallback } from 'node:stream';
import type { PostgresCensus } from '../artifact/manifest';
import { BackupError } from '../errors';
import { copyTarget, SqlLexer, type SqlSegment } from './sql';

/** The comment that pg_dump writes last, when all went well. */
const trailer = '-- PostgreSQL database dump complete';

/** How a dump opens each large object that it is about to fill. */
const largeObject = Buffer.from('SELECT pg_catalog.lo_open(');

/**
 * Watches a plain-format dump stream past, whatever made it: counts the rows of every table and remembers
 * whether pg_dump's trailer came last.
 */
export class DumpInspector {
	readonly #lexer = new SqlLexer();
	readonly #tables = new Map<string, number>();
	#table = '';
	#largeObjects = 0;
	#sawTrailer = false;

	/** @param chunk must not be changed afterwards until the next one was given */
	inspect(chunk: Buffer): void {
		for (const segment of this.#lexer.push(chunk)) this.#note(segment);
	}

	/**
	 * What the dump held, once its last chunk was inspected. Tables are written as in the dump's COPY statements
	 * (`public."My Table"`); empty ones are there with a zero, ones whose rows were excluded are not.
	 *
	 * @throws BackupError `incomplete` when the dump is cut short or lacks its trailer
	 */
	conclude(): PostgresCensus {
		for (const segment of this.#lexer.end()) this.#note(segment);
		if (!this.#sawTrailer) {
			throw new BackupError('incomplete', `The dump ends without its last line, “${trailer}”`, {
				advice: 'Run the backup again; if it happens again, look into PostgreSQL’s log',
			});
		}
		const rows = [...this.#tables.values()].reduce((sum, count) => sum + count, 0);
		return {
			kind: 'postgres',
			tables: Object.fromEntries(this.#tables),
			rows,
			...(this.#largeObjects > 0 ? { largeObjects: this.#largeObjects } : {}),
		};
	}

	#note(segment: SqlSegment): void {
		switch (segment.kind) {
			case 'copy-start':
				this.#table = copyTarget(segment.text);
				break;
			case 'copy-end':
				this.#tables.set(this.#table, (this.#tables.get(this.#table) ?? 0) + segment.rows);
				break;
			case 'statement':
				if (segment.text.subarray(0, largeObject.length).equals(largeObject)) this.#largeObjects++;
				break;
			case 'comment':
				this.#sawTrailer ||= segment.text.toString('latin1').trimEnd() === trailer;
				return;
			case 'copy-data':
			case 'psql-command':
				return;
		}
		// Whatever else follows a trailer, it was not the last line.
		this.#sawTrailer = false;
	}
}

/** Passes a dump on unchanged while the inspector looks at it. */
export class InspectingStream extends Transform {
	readonly #inspector: DumpInspector;

	constructor(inspector: DumpInspector) {
		super({ highWaterMark: 1024 * 1024 });
		this.#inspector = inspector;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.#inspector.inspect(chunk);
		callback(null, chunk);
	}
}
