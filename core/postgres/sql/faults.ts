import { BackupError } from '../../errors';

/** @param where it ends: `inside the rows of public.t` */
export function cutShort(where: string): BackupError {
	return new BackupError('incomplete', `The dump ends ${where}`, {
		advice: 'Use another backup; this one was cut off while it was written or copied',
	});
}

/** As long as every statement is cut where it ends, no dump has one: the rows of a table may follow unseen. */
export function commandInStatement(line: number): BackupError {
	const what = `A command for psql is inside the statement that begins on line ${line} of the dump`;
	return new BackupError('damaged', what, {
		advice: 'Look at that statement; if pg_dump wrote it so, report it as a bug of this package',
	});
}

/** A dollar quote whose tag has more than some bytes. */
export function oddQuote(line: number, bytes: number): BackupError {
	const what = `A dollar sign in the statement that begins on line ${line} of the dump has ${bytes} bytes behind it`;
	return new BackupError('unsupported', what, { advice: 'Use psql for it; pg_dump writes no such thing' });
}

/** `1e5$`: some servers see a name behind the number, and others a quote. */
export function oddNumber(line: number): BackupError {
	const what = `A number with letters and a dollar sign is in the statement that begins on line ${line} of the dump`;
	return new BackupError('unsupported', what, { advice: 'Use psql for it; pg_dump writes no such thing' });
}

/** `$x` before anything but another dollar: no SQL has that. */
export function strayDollar(line: number): BackupError {
	const what = `A dollar sign that begins no quote is in the statement that begins on line ${line} of the dump`;
	return new BackupError('unsupported', what, { advice: 'Use psql for it; pg_dump writes no such thing' });
}
