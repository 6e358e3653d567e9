import type { Command } from 'commander';
import { Option } from 'commander';
import { stat } from 'node:fs/promises';
import { checkSetup } from '../../core/doctor/checkSetup';
import type { Finding } from '../../core/doctor/finding';
import { n8nDataFolder } from '../../core/n8n/environment';
import { plural } from '../../core/units';
import type { AddCommand, CommandTools } from '../command';
import { exitCodes } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { addRecipientOptions, readersFrom, type RecipientOptions } from '../options/create';
import { readKeys } from '../options/encryption';
import { backupDirectory } from '../options/global';
import { addN8nServerOptions, type N8nServerOptions, postgresOfN8n, redisOfN8n } from '../options/n8nServers';
import { repeated } from '../options/postgres';
import { marks } from '../output/checks';

interface Options extends N8nServerOptions, RecipientOptions {
	dataFolder?: string;
	file?: string[];
	identity?: string[];
}

/** `doctor`: tries everything that nightly backups need. */
export const addDoctor: AddCommand = (parent, run) => {
	const command = parent
		.command('doctor')
		.description('try everything that nightly backups need, and say what to do about what is missing')
		.option('--data-folder <directory>', 'n8n’s data, as it is backed up')
		.addOption(
			new Option('--file <path>', 'a file that is copied, as .env; may be repeated').argParser(repeated),
		)
		.addOption(
			new Option('--identity <file>', 'with --recipient: what can decrypt; may be repeated').argParser(
				repeated,
			),
		);
	addRecipientOptions(addN8nServerOptions(command)).action((options: Options, self: Command) =>
		run(self, async (tools) => {
			const findings = await look(options, tools);
			const { output } = tools;
			output.result(findings);
			output.say(describe(findings));
			return findings.some(({ result }) => result === 'failed') ? exitCodes.failed : exitCodes.ok;
		}),
	);
};

async function look(options: Options, tools: CommandTools): Promise<Finding[]> {
	const { globals, terminal, signal } = tools;
	const { env } = terminal;
	const root = backupDirectory(globals);
	const setup = {
		root,
		timeZone: globals.timeZone,
		environment: isOfN8n(env) ? env : undefined,
		n8n: {},
		dataFolder: options.dataFolder ?? (await ifThere(n8nDataFolder(env))),
		files: options.file ?? [],
		postgres: postgresOfN8n(options, env),
		redis: redisOfN8n(options, env),
		encryption: async () => {
			const readers = await readersFrom(options, tools);
			return readers && { readers, keys: await readKeys(options, [], tools) };
		},
	};
	return await checkSetup(setup, signal, async (work) => await asOwnerOf(root, work));
}

/** Whether a container of n8n's, or who starts n8n, has this environment. */
function isOfN8n(env: NodeJS.ProcessEnv): boolean {
	return ['DB_TYPE', 'EXECUTIONS_MODE', 'N8N_ENCRYPTION_KEY', 'N8N_USER_FOLDER'].some(
		(name) => env[name] !== undefined,
	);
}

async function ifThere(path: string): Promise<string | undefined> {
	return await stat(path).then(
		() => path,
		() => undefined,
	);
}

/** A line for each check, what to do below it; the count at the end. */
function describe(findings: readonly Finding[]): string {
	const lines = findings.flatMap(({ check, result, found, whatToDo }) => [
		`${marks[result]} ${check}: ${found}`,
		...(whatToDo === '' ? [] : [`    ${whatToDo}`]),
	]);
	const count = (wanted: Finding['result']) => findings.filter(({ result }) => result === wanted).length;
	const summary = `${plural(findings.length, 'check')}: ${count('passed')} passed, ${count('failed')} failed, ${count('unknown')} unknown.`;
	return [...lines, summary].join('\n');
}
