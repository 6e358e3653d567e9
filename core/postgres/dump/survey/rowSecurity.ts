import { BackupError } from '../../../errors';
import type { DumpScope } from './dumpScope';

/** How many tables a message names. */
const named = 5;

/**
 * pg_dump would rather fail than leave out rows that the user may not see. No right to read lifts row security, so
 * what helps is another than for a table without rights.
 *
 * @throws BackupError `not-permitted`
 */
export function assertAllRowsSeen(scope: DumpScope, database: string): void {
	const veiled = scope.withRows().filter(({ isVeiled }) => isVeiled);
	if (veiled.length === 0) return;
	const names = veiled.slice(0, named).map(({ schema, name }) => `${schema}.${name}`);
	const more = veiled.length > named ? ` and ${veiled.length - named} more` : '';
	throw new BackupError(
		'not-permitted',
		`Row security hides rows from “${scope.user}” in “${database}”: ${names.join(', ')}${more}`,
		{
			advice:
				'Connect as a superuser or as a role with BYPASSRLS (rights to read, as those of pg_read_all_data, are not enough), or exclude the data of these tables',
		},
	);
}
