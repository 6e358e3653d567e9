import { BackupError } from '../../errors';

/** Settings in the heads of dumps, and the first major version whose servers know them. */
const settingsSince: Record<string, number> = {
	default_table_access_method: 12,
	transaction_timeout: 17,
};

const setting = /^SET (\w+) = /;

/**
 * Whether a server knows the setting that a statement sets. pg_dump writes the settings of its own version, which
 * may be newer than the server that it dumped and that the dump goes back to.
 */
export function isKnownSetting(statement: string, serverMajor: number): boolean {
	const name = setting.exec(statement)?.[1];
	return name === undefined || serverMajor >= (settingsSince[name] ?? 0);
}

/**
 * A dump goes to servers of its own major version and to newer ones. An older one would fail somewhere in the
 * middle, or worse, take something for what it is not.
 *
 * @param dumped version of the server that was dumped, as it says it itself; undefined where the dump does not say
 * @throws BackupError `unsupported` when the server is older
 */
export function assertNotOlder(serverMajor: number, dumped: string | undefined, server: string): void {
	const dumpedMajor = Number.parseInt(dumped ?? '', 10);
	if (Number.isNaN(dumpedMajor) || serverMajor >= dumpedMajor) return;
	throw new BackupError(
		'unsupported',
		`The backup is of PostgreSQL ${dumpedMajor} and ${server} is PostgreSQL ${serverMajor}, which is older`,
		{ advice: `Restore into PostgreSQL ${dumpedMajor} or newer; nothing was changed` },
	);
}
