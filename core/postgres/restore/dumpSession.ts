import type { RowPlaces } from './rowPlaces';
import type { ServerRefusal } from './serverRefusal';
import type { BatchedStatement } from './statementBatch';

/** A COPY that waits for rows, in whatever pieces they come. */
export interface RunningCopy {
	/**
	 * Takes a piece of the rows.
	 *
	 * @param chunk in memory that stays as it is
	 * @param rows how many end in it
	 */
	write(chunk: Buffer, rows: number): Promise<void>;
	/** Ends it and answers how many rows PostgreSQL took. */
	end(): Promise<number>;
}

/**
 * Where a dump's statements and rows go, in their order and byte for byte: to a server, or to the embedded
 * PostgreSQL. Whatever it throws for a refusal is a BackupError `server` that has it as its cause.
 */
export interface DumpSession {
	/** Hands in a statement; it may wait for others before it is run. */
	run(statement: BatchedStatement): Promise<void>;
	/**
	 * Runs one statement by itself that may fail: then nothing of it stays.
	 *
	 * @param forgives whether the refusal is no reason to give up
	 * @throws BackupError for one that is not forgiven
	 */
	attempt(statement: BatchedStatement, forgives: (error: ServerRefusal) => boolean): Promise<void>;
	/** Whether the database has a relation of that name, written as SQL writes it, in the dump's bytes. */
	hasRelation(name: Buffer): Promise<boolean>;
	/** Returns when all that was handed in has been run. */
	flush(): Promise<void>;
	/**
	 * Begins a COPY; nothing else can be run until it has ended.
	 *
	 * @param places where its rows stand in the dump, if not one after the other
	 */
	startCopy(statement: BatchedStatement, places?: RowPlaces): Promise<RunningCopy>;
}
