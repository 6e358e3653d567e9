import { decodeText } from '../sql/encoding';

/**
 * The fields of an ErrorResponse or NoticeResponse by their letters: `C` is the SQLSTATE, `M` the message. Undefined for
 * bytes that are no fields.
 *
 * Source: PostgreSQL's documentation, "Error and Notice Message Fields".
 *
 * @param body without type and length: a letter that says which field, its text, a zero; a zero behind the last
 */
export function readErrorFields(body: Buffer, encoding: string): Map<string, string> | undefined {
	if (body.length < 2 || body.at(-1) !== 0 || body.at(-2) !== 0) return undefined;
	const fields = new Map<string, string>();
	for (let at = 0; at < body.length - 1;) {
		const end = body.indexOf(0, at);
		fields.set(String.fromCharCode(body[at]!), decodeText(body.subarray(at + 1, end), encoding));
		at = end + 1;
	}
	return fields;
}
