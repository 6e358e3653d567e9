import type { TextQueries } from '../queries';
import { decodeText } from '../sql/encoding';

/**
 * The texts of a query with one column, as a census reads those of a dump. In SQL_ASCII, whose names need be no text in
 * any encoding, a server refuses to send those that are no UTF-8: there they come as bytes.
 */
export async function queryTexts(queries: TextQueries, query: string): Promise<string[]> {
	const [encoding] = await firstColumn<string>(queries, 'SELECT pg_catalog.getdatabaseencoding()');
	if (encoding !== 'SQL_ASCII') return await firstColumn<string>(queries, query);
	const asBytes = `SELECT pg_catalog.convert_to(given.one::text, 'SQL_ASCII') FROM (${query}) AS given (one)`;
	return (await firstColumn<Buffer>(queries, asBytes)).map((bytes) => decodeText(bytes, encoding));
}

async function firstColumn<Value>(queries: TextQueries, text: string): Promise<Value[]> {
	const { rows } = await queries.query<Record<string, Value>>(text);
	return rows.flatMap((row) => Object.values(row).slice(0, 1));
}
