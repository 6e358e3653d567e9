import type pg from 'pg';
import { ByteQuery } from './byteQuery';

/** Asks one database for what it holds: a server's, or the embedded PostgreSQL. */
export interface Queries {
	/** Rows by the names of their columns; `bytea` comes as a Buffer. */
	query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
	/** A query as bytes, for names that need be no text in any encoding. Its rows come as texts. */
	queryBytes(sql: Buffer): Promise<Array<Array<string | null>>>;
}

/** What most questions need, and every client of `pg` has by itself. */
export type TextQueries = Pick<Queries, 'query'>;

/** Asks over a server's connection. */
export function serverQueries(client: pg.Client): Queries {
	return {
		query: (text, values) => client.query(text, values),
		queryBytes: (sql) => client.query(new ByteQuery(sql)).done,
	};
}
