import { BackupError } from '../../errors';
import { nearestNames } from '../../nearestNames';
import { type ServerRefusal, withDetails } from '../restore/serverRefusal';

const readOnly = 'Ask with one SELECT: a backup is only read here';

/** SQLSTATEs of what somebody can do something about, besides correcting the query. */
const adviceByState: Record<string, string> = {
	'25006': readOnly,
	'42501': readOnly,
	'42601': 'Correct the query; one statement is taken at a time',
};

/** The error for a query that PostgreSQL refused, in PostgreSQL's own words. */
export function refusedQuery(
	refusal: ServerRefusal & { position?: string },
	{ known, sql }: { known: readonly string[]; sql: string },
): BackupError {
	const { code, position } = refusal;
	const where = position === undefined ? '' : `, at character ${position}`;
	const message = `${refusal.message} (SQLSTATE ${code}${where})`;
	const what = `PostgreSQL says of the query: ${withDetails({ ...refusal, name: refusal.name, message })}`;
	const advice = adviceByState[code] ?? nearest(refusal, sql, known) ?? 'Correct the query';
	return new BackupError('bad-parameter', what, { advice, cause: refusal });
}

/** The error for a statement that gives no rows; it was not run. */
export function rowlessQuery(): BackupError {
	return new BackupError('bad-parameter', 'The query gives no rows, and was not run', { advice: readOnly });
}

/** For a table that is not there: what it may have been meant to be. The position says where it is named. */
function nearest(
	{ code, position }: { code: string; position?: string },
	sql: string,
	known: readonly string[],
): string | undefined {
	if (code !== '42P01' || position === undefined) return undefined;
	const rest = [...sql].slice(Number(position) - 1).join('');
	const written = /^(?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?/.exec(rest)?.[0];
	const near = written === undefined ? [] : nearestNames(written, known);
	return near.length === 0 ? undefined : `Correct the name; the dump has ${near.join(', ')}`;
}
