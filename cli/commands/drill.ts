import { type Command, Option } from 'commander';
import { dirname } from 'node:path';
import { type DrillReport, drill } from '../../core/postgres/drill/drill';
import type { PostgresConnection } from '../../core/postgres/connect/connection';
import type { DecryptionKeys } from '../../core/encryption';
import { type ChosenArtifact, findDumps, newest } from '../artifacts';
import type { AddCommand, CommandTools } from '../command';
import { type ExitCode, exitCodeOf, exitCodes, worstOf } from '../exitCodes';
import { fetchToDrill } from '../fetchArtifact';
import { asOwnerOf } from '../identity';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import { wholeNumber } from '../options/numbers';
import { fromOption } from '../options/place';
import {
	addPostgresOptions,
	namesServer,
	postgresConnection,
	type PostgresOptions,
	withoutExtensionOption,
} from '../options/postgres';
import { formatChecks } from '../output/checks';
import { failureJson } from '../output/output';
import { artifactArgument } from './arguments';
import { drillArchives, findArchives } from './drillArchives';

interface Options extends PostgresOptions, IdentityOption {
	archives?: boolean;
	at?: string;
	/** A server of libpq's environment variables, where no other option says one. */
	server?: boolean;
	maxMegabytes?: number;
	withoutExtension?: string[];
}

const megabyte = 1024 * 1024;

/** `drill`: restores a dump into a database that is gone afterwards whatever happens. */
export const addDrill: AddCommand = (parent, run) => {
	const command = parent
		.command('drill')
		.description(
			'restore a dump for real, here or on a server, or open an archive’s SQLite databases; compare and drop it again',
		)
		.argument('[artifact]', `${artifactArgument}, of each database`, newest)
		.option(
			'--server',
			'in a scratch database of a server, which the options below or libpq’s variables name',
		)
		.addOption(
			new Option(
				'--max-megabytes <number>',
				'most SQL or bytes of databases that are taken on (otherwise 2048 of SQL here, and 20480)',
			).argParser(wholeNumber(1)),
		)
		.option('--archives', 'as newest: of n8n’s data folder with SQLite, also where there are dumps')
		.addOption(fromOption())
		.addOption(identityOption())
		.addOption(withoutExtensionOption());
	addPostgresOptions(command).action((named: string, options: Options, self: Command) =>
		run(self, async (tools) => {
			const { output, globals } = tools;
			const names = await bring(named, options, tools);
			const archives = (await Promise.all(names.map((name) => findArchives(name, options, globals)))).flat();
			const maxBytes = options.maxMegabytes && options.maxMegabytes * megabyte;
			if (archives.length > 0) {
				const keys = await readKeys(options, pathsOf(archives), tools);
				return await drillArchives(archives, { maxBytes, keys }, tools);
			}
			const dumps = (await Promise.all(names.map((name) => findDumps(name, globals)))).flat();
			const keys = await readKeys(options, pathsOf(dumps), tools);
			const onServer = options.server === true || namesServer(options);
			const connection = onServer ? await postgresConnection(options, tools) : undefined;
			const outcomes: Outcome[] = [];
			for (const { notes } of dumps) output.note(notes);
			for (const { path } of dumps) outcomes.push(await drillOne(path, { connection, keys, options, tools }));
			const documents = outcomes.map(({ document }) => document);
			// One database is the rule; only where there are several is it a list.
			output.result(documents.length === 1 ? documents[0] : documents);
			return worstOf(outcomes.map(({ exitCode }) => exitCode));
		}),
	);
};

/** With `--at` fetches what is drilled, and names it by its path. */
async function bring(named: string, { at, archives }: Options, tools: CommandTools): Promise<string[]> {
	if (at === undefined) return [named];
	return await fetchToDrill(named, at, tools, archives ? ['n8n'] : ['postgres', 'n8n']);
}

function pathsOf(chosen: readonly ChosenArtifact[]): string[] {
	return chosen.map(({ path }) => path);
}

/** What became of one drill, for programs and for the exit code. */
interface Outcome {
	document: object;
	exitCode: ExitCode;
}

interface DrillTools {
	/** Undefined: here. */
	connection: PostgresConnection | undefined;
	keys: DecryptionKeys | undefined;
	options: Options;
	tools: CommandTools;
}

/** A dump that cannot be drilled does not keep the others from it. */
async function drillOne(path: string, { connection, keys, options, tools }: DrillTools): Promise<Outcome> {
	const { output, globals, signal } = tools;
	try {
		const request = {
			// Where n8n's key is looked for: beside the dumps, unless another place was named.
			root: globals.directory ?? dirname(dirname(path)),
			timeZone: globals.timeZone,
			artifactPath: path,
			keys,
			connection,
			maxRawBytes: options.maxMegabytes && options.maxMegabytes * megabyte,
			withoutExtensions: options.withoutExtension,
			onProgress: output.onProgress,
		};
		const report = await asOwnerOf(dirname(path), async () => await drill(request, signal));
		output.say(describe(report));
		const { obstacle } = report;
		const document = obstacle ? { ...report, obstacle: failureJson(obstacle) } : report;
		return { document, exitCode: resultCodes[report.result] };
	} catch (error) {
		if (signal.aborted) throw error;
		output.complain(error);
		return { document: { artifactPath: path, error: failureJson(error) }, exitCode: exitCodeOf(error) };
	}
}

/** What kept a drill from finding anything out is no verdict on the backup. */
const resultCodes = {
	passed: exitCodes.ok,
	failed: exitCodes.damaged,
	unknown: exitCodes.failed,
} as const;

const marks = { passed: '✓', failed: '✗', unknown: '?' } as const;

function describe({ artifactPath, result, checks, durationMs, ...report }: DrillReport): string {
	const mark = marks[result];
	return [
		`${mark} ${artifactPath}: ${result} in ${(durationMs / 1000).toFixed(1)} s`,
		formatChecks(checks),
		...(report.obstacle ? [`  Nothing was found out about the backup. ${report.obstacle.advice}`] : []),
		...report.warnings.map((warning) => `  ! ${warning}`),
		...report.droppedLeftOvers.map(
			(name) => `  The scratch database ${name} of a crashed drill is gone, too.`,
		),
	].join('\n');
}
