import { readErrorFields } from '../../connect/errorFields';

/** What a server reported as an error, in the fields of its protocol. */
export interface ServerFault {
	/** The same in every language: PostgreSQL's documentation, appendix A. */
	sqlState: string;
	/** In the server's language. */
	message: string;
	detail?: string;
	hint?: string;
}

const errorResponse = 'E'.charCodeAt(0);

/** Type and length. */
const headerBytes = 5;

/** What a server may still say once it has refused something: ready for more, a notice, a setting, a notification. */
const afterwards = new Set([...'ZNSA'].map((type) => type.charCodeAt(0)));

/**
 * The error that a server gave up with, by the last bytes that it sent: an ErrorResponse with nothing but a goodbye
 * behind it. Undefined when it did not end so.
 *
 * Source: PostgreSQL's documentation, "Message Formats" and "Error and Notice Message Fields".
 */
export function lastServerFault(sent: Buffer): ServerFault | undefined {
	for (
		let at = sent.lastIndexOf(errorResponse);
		at !== -1;
		at = at === 0 ? -1 : sent.lastIndexOf(errorResponse, at - 1)
	) {
		const end = messageEnd(sent, at);
		const fault =
			end !== undefined && endsSoon(sent, end) ? readFault(sent.subarray(at + headerBytes, end)) : undefined;
		if (fault) return fault;
	}
	return undefined;
}

function messageEnd(sent: Buffer, at: number): number | undefined {
	if (sent.length < at + headerBytes) return undefined;
	const length = sent.readInt32BE(at + 1);
	return length >= 4 && at + 1 + length <= sent.length ? at + 1 + length : undefined;
}

function endsSoon(sent: Buffer, from: number): boolean {
	let at: number | undefined = from;
	while (at !== undefined && at < sent.length) {
		at = afterwards.has(sent[at]!) ? messageEnd(sent, at) : undefined;
	}
	return at === sent.length;
}

function readFault(body: Buffer): ServerFault | undefined {
	const fields = readErrorFields(body, 'UTF8');
	const [sqlState, message] = [fields?.get('C'), fields?.get('M')];
	if (message === undefined || !/^[0-9A-Z]{5}$/.test(sqlState ?? '')) return undefined;
	return { sqlState: sqlState!, message, detail: fields?.get('D'), hint: fields?.get('H') };
}
