import { type Command, Option } from 'commander';
import { dirname } from 'node:path';
import { presentArtifacts } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { queryDump } from '../../core/postgres/query/queryDump';
import type { QueryAnswer } from '../../core/query/answer';
import { defaultMaxRows, defaultTimeoutMs } from '../../core/query/limits';
import { queryArchive } from '../../core/volume/query/queryArchive';
import { type ChosenArtifact, findArtifact, newest } from '../artifacts';
import type { AddCommand, CommandTools } from '../command';
import { exitCodes } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { backupDirectory, chosenSeries, type GlobalOptions } from '../options/global';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import { wholeNumber } from '../options/numbers';
import { repeated } from '../options/postgres';
import { formatRows, type RowFormat, rowFormats } from '../output/rows';
import { artifactArgument } from './arguments';

interface Options extends IdentityOption {
	sql: string;
	table?: string[];
	database?: string;
	limit: number;
	timeout: number;
	maxMegabytes?: number;
	format?: RowFormat;
	archives?: boolean;
}

/** `query`: reads a backup as if it were a database, without any server. */
export const addQuery: AddCommand = (parent, run) => {
	parent
		.command('query')
		.description('ask a backup as if it were a database: a dump in PostgreSQL’s SQL, an archive in SQLite’s')
		.argument('[artifact]', artifactArgument, newest)
		.requiredOption('--sql <select>', 'one SELECT; it can only read')
		.addOption(
			new Option(
				'--table <name>',
				'of a dump: a table whose rows are needed besides those that the query names; may be repeated',
			).argParser(repeated),
		)
		.option('--database <path>', 'of an archive with several databases: the path of the one that is asked')
		.addOption(
			new Option('--limit <rows>', 'most rows that are shown')
				.argParser(wholeNumber(1, 1_000_000))
				.default(defaultMaxRows),
		)
		.addOption(
			new Option('--timeout <seconds>', 'that the query may take, once the backup has been read')
				.argParser(wholeNumber(1, 86_400))
				.default(defaultTimeoutMs / 1000),
		)
		.addOption(
			new Option(
				'--max-megabytes <number>',
				'most rows or databases that are taken out of the backup (otherwise 2048 of rows, 20480 of databases)',
			).argParser(wholeNumber(1)),
		)
		.addOption(
			new Option(
				'--format <format>',
				'how rows are written (otherwise a table, or JSON a line where that goes into a file or a program)',
			).choices(rowFormats),
		)
		.addOption(identityOption())
		.option('--archives', 'as newest: of n8n’s data folder with SQLite, also where there are dumps')
		.action((named: string, options: Options, self: Command) =>
			run(self, async (tools) => {
				const { output, terminal } = tools;
				const chosen = await findQueried(named, options, tools.globals);
				output.note(chosen.notes);
				const answer = await askOne(chosen, options, tools);
				const format = options.format ?? (terminal.stdout.isTTY ? 'table' : 'json');
				const text = formatRows(answer, format);
				if (text !== '') output.write(text);
				output.note(answer.notes);
				output.result({ artifactPath: chosen.path, ...answer });
				return exitCodes.ok;
			}),
		);
};

/** As newest that of the only database; of n8n's data folder where there are no dumps. */
async function findQueried(
	named: string,
	{ archives = false }: Pick<Options, 'archives'>,
	globals: GlobalOptions,
): Promise<ChosenArtifact> {
	if (named === newest) {
		const { timeZone } = globals;
		const choice = { root: backupDirectory(globals), timeZone, series: chosenSeries(globals) };
		const dumps = await asOwnerOf(choice.root, async () =>
			archives ? [] : await presentArtifacts({ ...choice, components: ['postgres'] }),
		);
		return await findArtifact(named, globals, dumps.length > 0 ? 'postgres' : 'n8n');
	}
	const chosen = await findArtifact(named, globals);
	if (chosen.component === 'postgres' || chosen.component === 'n8n') return chosen;
	throw new BackupError('bad-parameter', `${named} is a backup of ${chosen.component}, which has no tables`, {
		advice: 'Name a dump of PostgreSQL or an archive of n8n’s data folder',
	});
}

async function askOne(
	{ path, component }: ChosenArtifact,
	options: Options,
	tools: CommandTools,
): Promise<QueryAnswer> {
	const { sql, table, database, limit, timeout, maxMegabytes } = options;
	const { globals, output, signal } = tools;
	const request = {
		artifactPath: path,
		keys: await readKeys(options, [path], tools),
		root: globals.directory ?? dirname(dirname(path)),
		sql,
		maxRows: limit,
		timeoutMs: timeout * 1000,
		maxBytes: maxMegabytes && maxMegabytes * 1024 * 1024,
		onProgress: output.onProgress,
	};
	return await asOwnerOf(dirname(path), async () =>
		component === 'postgres'
			? await queryDump({ ...request, tables: table }, signal)
			: await queryArchive({ ...request, database }, signal),
	);
}
