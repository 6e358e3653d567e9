import { type Command, Option } from 'commander';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Component, type Compression, prefixFor } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { n8nDataFolder } from '../../core/n8n/environment';
import { builtInEngine } from '../../core/postgres/engine';
import type { AddCommand, CommandTools } from '../command';
import { commonOf } from '../create/common';
import { createBackups } from '../create/createBackups';
import { filePrefix } from '../create/filePrefix';
import { keyInEnvFile } from '../create/keyInEnvFile';
import type { Plan } from '../create/planned';
import { planArchive, planCopy, planDumps, planSnapshot } from '../create/plans';
import { componentOption } from '../options/component';
import {
	addCompressionOptions,
	addRecipientOptions,
	compressionFrom,
	type CompressionOptions,
	type RecipientOptions,
} from '../options/create';
import { addN8nServerOptions, type N8nServerOptions, postgresOfN8n, redisOfN8n } from '../options/n8nServers';
import { repeated } from '../options/postgres';

interface Options extends CompressionOptions, RecipientOptions, N8nServerOptions {
	dataFolder?: string;
	file?: string[];
	skip?: Component[];
}

/** `create all`: everything that an n8n is made of, as its environment describes it. */
export const addCreateAll: AddCommand = (parent, run) => {
	const command = parent
		.command('all')
		.description(
			'back up all that n8n is made of, as its own environment says (DB_TYPE, DB_POSTGRESDB_…, EXECUTIONS_MODE, QUEUE_BULL_REDIS_…, also with _FILE); what fails does not stop the others',
		);
	addN8nServerOptions(command)
		.option('--data-folder <directory>', 'n8n’s data (or .n8n in N8N_USER_FOLDER or the home directory)')
		.addOption(
			new Option(
				'--file <path>',
				'a file to copy, .env first of all, the Compose file; may be repeated',
			).argParser(repeated),
		)
		.addOption(componentOption('--skip <name>', 'leave this component out'));
	addRecipientOptions(addCompressionOptions(command)).action((options: Options, self: Command) =>
		run(self, async (tools) => {
			if (tools.globals.prefix !== undefined) throw severalPrefixes();
			const dataFolder = options.dataFolder ?? n8nDataFolder(tools.terminal.env);
			const [envFile] = options.file ?? [];
			const keyClue = envFile === undefined ? undefined : await keyInEnvFile(envFile);
			const common = await commonOf(options, tools, { dataFolder, keyClue });
			const compression = compressionFrom(options);
			const { root } = common;
			const plans = [
				...copies(options),
				...(await archive(options, { directory: dataFolder, root, compression }, tools)),
				...dump(options, compression, tools),
				...snapshot(options, tools),
			];
			if (plans.length === 0) throw nothingToDo();
			return await createBackups(plans, common, tools);
		}),
	);
};

/** Files first: then nothing that follows is told that the key is in no backup. */
function copies({ file = [], skip = [] }: Options): Plan[] {
	if (skip.includes('env')) return [];
	return file.map((path, index) =>
		planCopy(path, index === 0 ? undefined : filePrefix(path, prefixFor(basename(path)))),
	);
}

async function archive(
	{ dataFolder, skip = [] }: Options,
	choice: Parameters<typeof planArchive>[0],
	{ output }: CommandTools,
): Promise<Plan[]> {
	if (skip.includes('n8n')) return [];
	// One that was named has to be there.
	const isThere = dataFolder !== undefined || (await isDirectory(choice.directory));
	if (isThere) return [planArchive(choice)];
	output.note([`n8n’s data folder is skipped: there is no ${choice.directory}; name it with --data-folder`]);
	return [];
}

function dump(options: Options, compression: Compression, { output, terminal }: CommandTools): Plan[] {
	if (options.skip?.includes('postgres')) return [];
	const connect = postgresOfN8n(options, terminal.env);
	if (!connect) {
		output.note(['PostgreSQL is skipped: DB_TYPE is not postgresdb, and --postgres-host names no server']);
		return [];
	}
	const choice = { selection: {}, expectN8n: true, noOwner: false, noPrivileges: false };
	return [
		{
			component: 'postgres',
			async backups(signal) {
				const connection = await connect();
				const { database } = connection;
				const engine = builtInEngine(connection);
				return await planDumps({ engine, database, compression, dump: choice }).backups(signal);
			},
		},
	];
}

function snapshot(options: Options, { output, terminal }: CommandTools): Plan[] {
	if (options.skip?.includes('redis')) return [];
	const connect = redisOfN8n(options, terminal.env);
	if (connect) return [planSnapshot(connect)];
	output.note(['Redis is skipped: EXECUTIONS_MODE is not queue, and --redis-host names no server']);
	return [];
}

async function isDirectory(path: string): Promise<boolean> {
	return await stat(path).then(
		(found) => found.isDirectory(),
		() => false,
	);
}

function nothingToDo(): BackupError {
	return new BackupError('bad-parameter', 'There is nothing to back up', {
		advice:
			'Run it in n8n’s environment, or name what there is with --postgres-host, --data-folder or --file',
	});
}

function severalPrefixes(): BackupError {
	return new BackupError('bad-parameter', 'All backups of a run cannot have the same prefix', {
		advice: 'Leave --prefix out, or make each backup by a command of its own',
	});
}
