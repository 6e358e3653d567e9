import type pg from 'pg';
import { decodeText } from '../sql/encoding';

/**
 * The texts of a query with one column, as a census reads those of a dump. In SQL_ASCII, whose names need be no text in
 * any encoding, a server refuses to send those that are no UTF-8: there they come as bytes.
 */
export async function queryTexts(client: pg.Client, query: string): Promise<string[]> {
	const [encoding] = await firstColumn<string>(client, 'SELECT pg_catalog.getdatabaseencoding()');
	if (encoding !== 'SQL_ASCII') return await firstColumn<string>(client, query);
	const asBytes = `SELECT pg_catalog.convert_to(given.one::text, 'SQL_ASCII') FROM (${query}) AS given (one)`;
	return (await firstColumn<Buffer>(client, asBytes)).map((bytes) => decodeText(bytes, encoding));
}

async function firstColumn<Value>(client: pg.Client, text: string): Promise<Value[]> {
	const { rows } = await client.query<[Value]>({ text, rowMode: 'array' });
	return rows.map(([value]) => value);
}
