import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { queryMessage } from '../restore/statementBatch';
import type { Queries } from '../queries';

/** PostgreSQL's number of the type `bytea`. */
const byteaType = 17;

/** Asks the embedded PostgreSQL. */
export function embeddedQueries(database: PGlite): Queries {
	return {
		query: async <Row>(text: string, values: unknown[] = []) => {
			const { rows } = await database.query<Row>(text, values, { parsers: { [byteaType]: fromHex } });
			return { rows };
		},
		queryBytes: async (sql) => {
			const { messages } = await database.execProtocol(queryMessage(sql), { syncToFs: false });
			return messages.flatMap((message) =>
				'fields' in message && isDataRow(message) ? [message.fields] : [],
			);
		},
	};
}

/** As PostgreSQL writes bytes: `\x00ff`. */
function fromHex(text: string): Buffer {
	return Buffer.from(text.slice(2), 'hex');
}

function isDataRow(message: {
	name: string;
	fields: unknown;
}): message is { name: string; fields: Array<string | null> } {
	return message.name === 'dataRow';
}
