import { type Command, Option } from 'commander';
import { dirname } from 'node:path';
import { type DrillReport, drill } from '../../core/postgres/drill/drill';
import { findArtifact, newest } from '../artifacts';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';
import { wholeNumber } from '../options/numbers';
import { addPostgresOptions, postgresConnection, type PostgresOptions } from '../options/postgres';
import { formatChecks } from '../output/checks';
import { artifactArgument } from './arguments';

interface Options extends PostgresOptions {
	maxMegabytes?: number;
}

const megabyte = 1024 * 1024;

/** `drill`: the proof that a dump restores, in a scratch database that is dropped whatever happens. */
export const addDrill: AddCommand = (parent, run) => {
	const command = parent
		.command('drill')
		.description('restore a dump into a scratch database, prove it, drop it again')
		.argument('[artifact]', artifactArgument, newest)
		.addOption(
			new Option(
				'--max-megabytes <number>',
				'most SQL that the server is burdened with (20480 otherwise)',
			).argParser(wholeNumber(1)),
		);
	addPostgresOptions(command).action((named: string, options: Options, self: Command) =>
		run(self, async (tools) => {
			const { output, globals, signal } = tools;
			const { path } = await findArtifact(named, globals, 'postgres');
			const report = await drill(
				{
					// Where n8n's key is looked for: beside the dumps, unless another place was named.
					root: globals.directory ?? dirname(dirname(path)),
					timeZone: globals.timeZone,
					artifactPath: path,
					connection: await postgresConnection(options, tools),
					maxRawBytes: options.maxMegabytes && options.maxMegabytes * megabyte,
					onProgress: output.onProgress,
				},
				signal,
			);
			output.result(report);
			output.say(describe(report));
			return report.result === 'passed' ? exitCodes.ok : exitCodes.damaged;
		}),
	);
};

function describe({ artifactPath, result, checks, droppedLeftOvers, durationMs }: DrillReport): string {
	const mark = result === 'passed' ? '✓' : '✗';
	return [
		`${mark} ${artifactPath}: ${result} in ${(durationMs / 1000).toFixed(1)} s`,
		formatChecks(checks),
		...droppedLeftOvers.map((name) => `  The scratch database ${name} of a crashed drill is gone, too.`),
	].join('\n');
}
