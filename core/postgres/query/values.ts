import { types } from 'pg';
import type { JsonValue } from '../../query/answer';

/** PostgreSQL's numbers of types (src/include/catalog/pg_type.dat), and of arrays of them. */
const asPgReads = new Set<number>([
	...[16, 21, 23, 26, 700, 701, 114, 3802],
	...[1000, 1005, 1007, 1028, 1021, 1022, 199, 3807],
]);

/** Arrays whose elements stay texts: of texts, identifiers, big and exact numbers, UUIDs. */
const textArrays = new Set<number>([1009, 1002, 1015, 1003, 1016, 1231, 2951]);
const textArray = 1009;

const timestampWithTimeZone = 1184;

/** As PostgreSQL writes an instant in UTC. Years before Christ, beyond 9999, and infinity are written otherwise. */
const instant = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00$/;

/**
 * A value of an answer for JSON: booleans, numbers that JavaScript holds exactly, JSON, and arrays of these as such;
 * instants as ISO 8601 in UTC; everything else as PostgreSQL writes it. Of JSON's own numbers those beyond 2^53 are
 * rounded.
 */
export function jsonValue(type: number, written: string | null): JsonValue {
	if (written === null) return null;
	if (type === timestampWithTimeZone) return written.replace(instant, '$1T$2Z');
	const readAs = textArrays.has(type) ? textArray : type;
	if (readAs !== textArray && !asPgReads.has(readAs)) return written;
	const read = (types.getTypeParser(readAs, 'text') as (value: string) => JsonValue)(written);
	return hasNoJson(read) ? written : read;
}

/** NaN and infinity are numbers that JSON has not. */
function hasNoJson(value: JsonValue): boolean {
	if (typeof value === 'number') return !Number.isFinite(value);
	return Array.isArray(value) && value.some(hasNoJson);
}
