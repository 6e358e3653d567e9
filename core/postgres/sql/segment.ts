/**
 * A piece of a dump in plain SQL, in the order of the file. Lines count from 1.
 *
 * Whatever the lexer hands out are views into the chunk that was pushed, wherever that is possible: it must not
 * change as long as they are needed.
 */
export type SqlSegment = SqlStatement | SqlComment | PsqlCommand | CopyStart | CopyData | CopyEnd;

/** One statement with its semicolon, without the comments before it. */
export interface SqlStatement {
	kind: 'statement';
	text: Buffer;
	line: number;
}

/** A comment between two statements, with its `--` or its slashes and asterisks, without the end of the line. */
export interface SqlComment {
	kind: 'comment';
	text: Buffer;
	line: number;
}

/** A line that only psql understands, such as `\restrict` or `\connect`. */
export interface PsqlCommand {
	kind: 'psql-command';
	text: Buffer;
	line: number;
}

/** `COPY … FROM stdin;`. Its rows follow as {@link CopyData}, up to a {@link CopyEnd}. */
export interface CopyStart {
	kind: 'copy-start';
	/** The statement, with its semicolon. */
	text: Buffer;
	line: number;
}

/** Some of a COPY's bytes, cut anywhere. */
export interface CopyData {
	kind: 'copy-data';
	chunk: Buffer;
	/** Rows that end in it. */
	rows: number;
}

/** The line `\.` that ends a COPY's rows. */
export interface CopyEnd {
	kind: 'copy-end';
	rows: number;
	line: number;
}
