import { type Command, Option } from 'commander';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Component, type Compression, prefixFor } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { n8nPostgres, n8nRedis } from '../../core/environment/n8nServers';
import { n8nDataFolder, usesPostgres, usesQueue } from '../../core/n8n/environment';
import { builtInEngine } from '../../core/postgres/engine';
import type { AddCommand, CommandTools } from '../command';
import { commonOf } from '../create/common';
import { createBackups } from '../create/createBackups';
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
import { wholeNumber } from '../options/numbers';
import { repeated } from '../options/postgres';

interface Options extends CompressionOptions, RecipientOptions {
	postgresHost?: string;
	postgresPort?: number;
	postgresUser?: string;
	postgresDatabase?: string;
	redisHost?: string;
	redisPort?: number;
	redisUser?: string;
	dataFolder?: string;
	file?: string[];
	skip?: Component[];
}

const port = (flags: string, description: string) =>
	new Option(flags, description).argParser(wholeNumber(1, 65535));

/** `create all`: everything that an n8n is made of, as its environment describes it. */
export const addCreateAll: AddCommand = (parent, run) => {
	const command = parent
		.command('all')
		.description(
			'back up all that n8n is made of, as its own environment says (DB_TYPE, DB_POSTGRESDB_…, EXECUTIONS_MODE, QUEUE_BULL_REDIS_…, also with _FILE); what fails does not stop the others',
		)
		.option('--postgres-host <name>', 'n8n’s database (or DB_POSTGRESDB_HOST)')
		.addOption(port('--postgres-port <number>', '(or DB_POSTGRESDB_PORT; 5432)'))
		.option(
			'--postgres-user <name>',
			'(or DB_POSTGRESDB_USER); password from DB_POSTGRESDB_PASSWORD or PGPASSWORD',
		)
		.option('--postgres-database <name>', '(or DB_POSTGRESDB_DATABASE; n8n)')
		.option('--redis-host <name>', 'n8n’s queue (or QUEUE_BULL_REDIS_HOST)')
		.addOption(port('--redis-port <number>', '(or QUEUE_BULL_REDIS_PORT; 6379)'))
		.option(
			'--redis-user <name>',
			'(or QUEUE_BULL_REDIS_USERNAME); password from QUEUE_BULL_REDIS_PASSWORD or REDISCLI_AUTH',
		)
		.option('--data-folder <directory>', 'n8n’s data (or .n8n in N8N_USER_FOLDER or the home directory)')
		.addOption(
			new Option('--file <path>', 'a file to copy, .env first of all; may be repeated').argParser(repeated),
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
	return file.map((path, index) => planCopy(path, index === 0 ? undefined : prefixFor(basename(path))));
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

function dump(options: Options, compression: Compression, tools: CommandTools): Plan[] {
	const { skip = [], postgresHost, postgresPort, postgresUser, postgresDatabase } = options;
	const { env } = tools.terminal;
	if (skip.includes('postgres')) return [];
	if (postgresHost === undefined && !usesPostgres(env)) {
		tools.output.note([
			'PostgreSQL is skipped: DB_TYPE is not postgresdb, and --postgres-host names no server',
		]);
		return [];
	}
	return [
		{
			component: 'postgres',
			async backups(signal) {
				const own = await n8nPostgres(env);
				const connection = {
					...own,
					host: postgresHost ?? own.host,
					port: postgresPort ?? own.port,
					user: postgresUser ?? own.user,
					password: own.password === '' ? (env.PGPASSWORD ?? '') : own.password,
					database: postgresDatabase ?? own.database,
				};
				const { database } = connection;
				const choice = { selection: {}, expectN8n: true, noOwner: false, noPrivileges: false };
				return await planDumps({
					engine: builtInEngine(connection),
					database,
					compression,
					dump: choice,
				}).backups(signal);
			},
		},
	];
}

function snapshot({ skip = [], redisHost, redisPort, redisUser }: Options, tools: CommandTools): Plan[] {
	const { env } = tools.terminal;
	if (skip.includes('redis')) return [];
	if (redisHost === undefined && !usesQueue(env)) {
		tools.output.note(['Redis is skipped: EXECUTIONS_MODE is not queue, and --redis-host names no server']);
		return [];
	}
	const connection = async () => {
		const own = await n8nRedis(env);
		const password = own.password ?? env.REDISCLI_AUTH;
		return {
			...own,
			host: redisHost ?? own.host,
			port: redisPort ?? own.port,
			user: redisUser ?? own.user,
			password,
		};
	};
	return [planSnapshot(connection)];
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
