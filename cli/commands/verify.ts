import type { Command } from 'commander';
import { dirname } from 'node:path';
import type { Component } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import {
	type BackupVerification,
	verifyBackup,
	type VerifyBackupRequest,
} from '../../core/verify/verifyBackup';
import { artifactsInCatalog, type ChosenArtifact, findArtifact } from '../artifacts';
import type { AddCommand, CommandTools } from '../command';
import { type ExitCode, exitCodeOf, exitCodes, worstOf } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { componentOption } from '../options/component';
import { type IdentityOption, identityOption, readKeys } from '../options/encryption';
import type { GlobalOptions } from '../options/global';
import { atOption } from '../options/place';
import { formatChecks, marks } from '../output/checks';
import { failureJson } from '../output/output';
import { plural } from '../../core/units';
import { verifyAt } from './verifyAt';

interface VerifyOptions extends IdentityOption {
	all?: boolean;
	newest?: boolean;
	component?: Component[];
	/** False with --no-record. */
	record: boolean;
	at?: string;
}

/** `verify`: re-reads artifacts from end to end and says of each check whether it holds. */
export const addVerify: AddCommand = (parent, run) => {
	parent
		.command('verify')
		.description(
			're-read backups from end to end and check that they are whole; without arguments the newest of each kind',
		)
		.argument('[artifacts...]', 'paths, or names in the backup directory')
		.option('--all', 'every backup in the backup directory')
		.option('--newest', 'the newest backup of each kind')
		.addOption(componentOption('--component <name>', 'with --all and --newest: only this component'))
		.option('--no-record', 'do not write the result into the manifests')
		.addOption(identityOption())
		.addOption(atOption())
		.action((named: string[], options: VerifyOptions, command: Command) =>
			run(command, async (tools) => {
				if (options.at !== undefined) return await verifyAt(options.at, { named, ...options }, tools);
				const chosen = await choose(named, options, tools.globals);
				const paths = chosen.map(({ path }) => path);
				const keys = await readKeys(options, paths, tools);
				return await verifyEach(chosen, { record: options.record, keys }, tools);
			}),
		);
};

async function choose(
	named: string[],
	{ all, newest, component: components }: VerifyOptions,
	globals: GlobalOptions,
): Promise<ChosenArtifact[]> {
	if ([named.length > 0, all, newest].filter(Boolean).length > 1) {
		throw new BackupError('bad-parameter', 'Names, --all and --newest exclude each other', {
			advice: 'Use one of them',
		});
	}
	if (named.length > 0) return await Promise.all(named.map((name) => findArtifact(name, globals)));
	const chosen = await artifactsInCatalog(globals, { components, onlyNewest: !all });
	if (chosen.length > 0) return chosen;
	throw new BackupError('not-found', `There is nothing to verify in ${globals.directory}`, {
		advice: 'Correct the backup directory, or look why no backup was made',
	});
}

type Outcome = { report: BackupVerification } | { path: string; error: unknown };

/** One that cannot be read does not keep the others from being verified. */
async function verifyEach(
	chosen: ChosenArtifact[],
	how: Pick<VerifyBackupRequest, 'record' | 'keys'>,
	{ output, signal }: CommandTools,
): Promise<ExitCode> {
	const outcomes: Outcome[] = [];
	for (const { path, component } of chosen) {
		const request = { path, component, ...how, onProgress: output.onProgress };
		try {
			const report = await asOwnerOf(dirname(path), async () => await verifyBackup(request, signal));
			outcomes.push({ report });
			output.say(formatReport(report));
		} catch (error) {
			if (signal.aborted) throw error;
			outcomes.push({ path, error });
			output.complain(error);
		}
	}
	output.result(outcomes.map(outcomeJson));
	if (chosen.length > 1) output.say(summarize(outcomes));
	return exitCodeFor(outcomes);
}

function formatReport({ path, result, checks, recordProblem }: BackupVerification): string {
	const mark = marks[result];
	const problem = recordProblem ? [`  The result was not written down: ${recordProblem}`] : [];
	return [`${mark} ${path}: ${result}`, formatChecks(checks), ...problem].join('\n');
}

function summarize(outcomes: Outcome[]): string {
	const passed = outcomes.filter((outcome) => 'report' in outcome && outcome.report.result === 'passed');
	return `${passed.length} of ${plural(outcomes.length, 'backup')} passed.`;
}

function outcomeJson(outcome: Outcome): object {
	if ('report' in outcome) return outcome.report;
	return { path: outcome.path, error: failureJson(outcome.error) };
}

/** What cannot be known is not damaged, but not done either. */
const codeOf = { passed: exitCodes.ok, failed: exitCodes.damaged, unknown: exitCodes.failed };

function exitCodeFor(outcomes: Outcome[]): ExitCode {
	const codes = outcomes.map((outcome): ExitCode => {
		if ('error' in outcome) return exitCodeOf(outcome.error);
		return codeOf[outcome.report.result];
	});
	return worstOf(codes);
}
