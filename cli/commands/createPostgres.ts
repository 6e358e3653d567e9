import { type Command, Option } from 'commander';
import { BackupError } from '../../core/errors';
import { builtInEngine, localEngine } from '../../core/postgres/engine';
import type { AddCommand } from '../command';
import { commonOf } from '../create/common';
import { createBackups } from '../create/createBackups';
import { type DumpChoice, planDumps } from '../create/plans';
import {
	addCompressionOptions,
	addRecipientOptions,
	compressionFrom,
	type CompressionOptions,
	type RecipientOptions,
} from '../options/create';
import { wholeNumber } from '../options/numbers';
import { addPostgresOptions, postgresConnection, type PostgresOptions, repeated } from '../options/postgres';

interface DumpOptions {
	schema?: string[];
	excludeSchema?: string[];
	table?: string[];
	excludeTable?: string[];
	excludeTableData?: string[];
	/** False with --no-owner. */
	owner: boolean;
	/** False with --no-privileges. */
	privileges: boolean;
	lockTimeout?: number;
}

interface Options extends PostgresOptions, CompressionOptions, RecipientOptions, DumpOptions {
	allDatabases?: boolean;
	pgDump?: string;
}

/** `create postgres`: a dump of a database, or one of each. */
export const addCreatePostgres: AddCommand = (parent, run) => {
	const command = parent
		.command('postgres')
		.description('dump the database that --database or PGDATABASE names, or every one of the server')
		.option('--all-databases', 'a backup of each but the templates')
		.option('--pg-dump <program>', 'by a pg_dump of this machine instead of the one that is brought along');
	for (const [flags, description] of patterns) {
		command.addOption(new Option(flags, `${description}; may be repeated`).argParser(repeated));
	}
	command
		.option('--no-owner', 'leave out who owns what, so that any user can restore')
		.option('--no-privileges', 'leave grants out')
		.addOption(
			new Option('--lock-timeout <seconds>', 'to wait for a table that something else has locked').argParser(
				wholeNumber(1),
			),
		);
	addRecipientOptions(addCompressionOptions(addPostgresOptions(command))).action(
		(options: Options, self: Command) =>
			run(self, async (tools) => {
				const { globals, output, terminal } = tools;
				const database = options.database ?? terminal.env.PGDATABASE;
				if (!options.allDatabases && !database) throw noDatabase();
				const compression = compressionFrom(options);
				const common = await commonOf(options, tools);
				const connection = await postgresConnection(options, tools);
				const { pgDump: pgDumpPath } = options;
				const plan = planDumps({
					engine:
						pgDumpPath === undefined ? builtInEngine(connection) : localEngine(connection, { pgDumpPath }),
					database: options.allDatabases ? undefined : database,
					compression,
					dump: dumpChoice(options),
					prefix: globals.prefix,
					onSkipped: (sentences) => output.note(sentences),
				});
				return await createBackups([plan], common, tools);
			}),
	);
};

/** With pg_dump's names and wildcards. */
const patterns = [
	['--table <pattern>', 'only these tables'],
	['--exclude-table <pattern>', 'tables to leave out with all they hold'],
	['--exclude-table-data <pattern>', 'tables whose rows are left out, as execution_entity'],
	['--schema <pattern>', 'only these schemas'],
	['--exclude-schema <pattern>', 'schemas to leave out'],
] as const;

function dumpChoice(options: DumpOptions): DumpChoice {
	const { schema, excludeSchema, table, excludeTable, excludeTableData, lockTimeout } = options;
	return {
		selection: {
			schemas: schema,
			excludeSchemas: excludeSchema,
			tables: table,
			excludeTables: excludeTable,
			excludeTableData,
		},
		noOwner: !options.owner,
		noPrivileges: !options.privileges,
		lockTimeoutMs: lockTimeout && lockTimeout * 1000,
	};
}

function noDatabase(): BackupError {
	return new BackupError('bad-parameter', 'No database is named', {
		advice: 'Name it with --database or in PGDATABASE, or take --all-databases',
	});
}
