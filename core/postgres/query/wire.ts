import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import type { ServerRefusal } from '../restore/serverRefusal';

/** A column of an answer as PostgreSQL describes it. */
export interface Field {
	name: string;
	/** PostgreSQL's number of its type. */
	dataTypeID: number;
}

/** What came back for some messages. */
export interface Reply {
	refusal?: ServerRefusal;
	/** Undefined: it gives no rows. */
	fields?: Field[];
	rows: Array<Array<string | null>>;
	/** Whether there are more rows than were asked for. */
	isSuspended: boolean;
}

/** The name of the one portal that a query has. */
const portal = 'n8n_backup_query';

/** `P`: exactly one statement, which PostgreSQL itself sees to, without a name. */
export function parse(sql: string): Buffer {
	return message('P', text(''), text(sql), int16(0));
}

/** `B` and `D`: that statement as the portal, its values as texts; says which columns it gives, and runs nothing yet. */
export function bindAndDescribe(): Buffer {
	const bind = message('B', text(portal), text(''), int16(0), int16(0), int16(0));
	return Buffer.concat([bind, message('D', Buffer.from('P'), text(portal))]);
}

/** `E`: the portal's next rows. */
export function fetch(rows: number): Buffer {
	return message('E', text(portal), int32(rows));
}

/** Sends messages of the extended protocol, and `S` behind them (PostgreSQL documentation, 54.2.3). */
export async function exchange(database: PGlite, ...messages: Buffer[]): Promise<Reply> {
	const { messages: answers } = await database.execProtocol(Buffer.concat([...messages, message('S')]), {
		syncToFs: false,
		throwOnError: false,
	});
	const reply: Reply = { rows: [], isSuspended: false };
	for (const answer of answers) {
		if (answer.name === 'error') reply.refusal ??= answer as unknown as ServerRefusal;
		else if (answer.name === 'portalSuspended') reply.isSuspended = true;
		else if (answer.name === 'rowDescription')
			reply.fields = (answer as unknown as { fields: Field[] }).fields;
		else if (answer.name === 'dataRow')
			reply.rows.push((answer as unknown as { fields: Array<string | null> }).fields);
	}
	return reply;
}

function message(kind: string, ...parts: Buffer[]): Buffer {
	const body = Buffer.concat(parts);
	return Buffer.concat([Buffer.from(kind, 'latin1'), int32(body.length + 4), body]);
}

function text(value: string): Buffer {
	return Buffer.concat([Buffer.from(value), Buffer.from([0])]);
}

function int16(value: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeInt16BE(value);
	return bytes;
}

function int32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32BE(value);
	return bytes;
}
