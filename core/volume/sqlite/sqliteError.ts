/** Result codes of SQLite that are told apart here (https://sqlite.org/rescode.html). */
const codes = { error: 1, busy: 5, locked: 6, corrupt: 11, full: 13, notADatabase: 26 } as const;

export type SqliteErrorKind = keyof typeof codes | 'other';

/** What kind of error of SQLite's this is; undefined when it is not one. */
export function sqliteErrorKind(error: unknown): SqliteErrorKind | undefined {
	if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
	// An extended code has the primary one in its lowest byte.
	const primary = Number(error.errcode) & 0xff;
	const known = Object.entries(codes).find(([, code]) => code === primary);
	return known ? (known[0] as SqliteErrorKind) : 'other';
}
