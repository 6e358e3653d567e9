import { type Command, Option } from 'commander';
import { IANAZone } from 'luxon';
import type { SeriesFilter } from '../../core/artifact';
import { BackupError } from '../../core/errors';

/** Options that every command knows. */
export interface GlobalOptions {
	json?: boolean;
	/** The backup directory. */
	directory?: string;
	/** IANA name of the zone in which artifacts without a manifest are dated, and dates are shown. */
	timeZone: string;
	prefix?: string;
	instance?: string;
}

export function addGlobalOptions(program: Command, env: NodeJS.ProcessEnv): void {
	program
		.addOption(
			new Option('-d, --directory <path>', 'the backup directory (or N8N_BACKUP_DIRECTORY)').default(
				env.N8N_BACKUP_DIRECTORY,
			),
		)
		.addOption(
			new Option(
				'--time-zone <zone>',
				'of dates and of names without a manifest (or GENERIC_TIMEZONE)',
			).default(env.GENERIC_TIMEZONE ?? new Intl.DateTimeFormat().resolvedOptions().timeZone),
		)
		.option(
			'--prefix <prefix>',
			'only backups with this file prefix, what stands before the date: the database’s name, mostly; of create, what names begin with',
		)
		.option(
			'--instance <id>',
			'only backups of the n8n with this instance id, or its beginning; or "unknown"; of create, whose backup it is',
		)
		.option('--json', 'one JSON document on stdout, nothing else');
}

/** The series that --prefix and --instance choose. */
export function chosenSeries({ prefix, instance }: GlobalOptions): SeriesFilter {
	return { prefix, instance };
}

/** @throws BackupError `bad-parameter` for a time zone that nobody knows, wherever it was named */
export function assertTimeZone({ timeZone }: GlobalOptions): void {
	if (IANAZone.isValidZone(timeZone)) return;
	throw new BackupError('bad-parameter', `"${timeZone}" is not a known time zone`, {
		advice: 'Use a name such as Europe/Berlin, with --time-zone or in the environment as GENERIC_TIMEZONE',
	});
}

/**
 * The backup directory that was named.
 *
 * @throws BackupError `bad-parameter` when none was
 */
export function backupDirectory({ directory }: GlobalOptions): string {
	if (directory !== undefined) return directory;
	throw new BackupError('bad-parameter', 'No backup directory was named', {
		advice: 'Name it with --directory, or in the environment as N8N_BACKUP_DIRECTORY',
	});
}
