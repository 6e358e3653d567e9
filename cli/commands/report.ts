import { Option } from 'commander';
import type { RetentionPolicy } from '../../core/retention';
import { buildReport, formatMetrics, formatPage, isAllGood, type Report } from '../../core/report';
import { AtomicFile } from '../../core/files/atomicFile';
import { formatBytes, formatDate } from '../../core/units';
import type { AddCommand, CommandTools } from '../command';
import { exitCodes } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { backupDirectory, chosenSeries } from '../options/global';
import { wholeNumber } from '../options/numbers';
import { addRules, policyOf } from '../options/rules';
import { formatTable } from '../output/table';

interface ReportOptions extends RetentionPolicy {
	every: number;
	html?: string;
}

/** `report`: how every series of backups is, as lines, as JSON, or as a page. */
export const addReport: AddCommand = (parent, run) => {
	const command = parent
		.command('report')
		.description('say how the backups are: how old, how big, how long they took, verified, restored, copied')
		.option('--html <file>', 'write it as a page into this file, in place of the one before')
		.addOption(everyOption());
	addRules(command).action((options: ReportOptions) =>
		run(command, async (tools) => {
			const report = await read(options, tools);
			const { output } = tools;
			output.result(report);
			if (options.html === undefined) output.say(asLines(report));
			else {
				await writePage(options.html, formatPage(report));
				output.say(`✓ ${options.html} is written.`);
			}
			return isAllGood(report) ? exitCodes.ok : exitCodes.failed;
		}),
	);
};

/** `metrics`: the same for a monitor. */
export const addMetrics: AddCommand = (parent, run) => {
	const command = parent
		.command('metrics')
		.description('the report in Prometheus’ text format, for a textfile collector')
		.addOption(everyOption());
	addRules(command).action((options: ReportOptions) =>
		run(command, async (tools) => {
			tools.terminal.stdout.write(formatMetrics(await read(options, tools)));
			return exitCodes.ok;
		}),
	);
};

function everyOption(): Option {
	return new Option('--every <hours>', 'hours between two backups; one that is a quarter older is late')
		.argParser(wholeNumber(1))
		.default(24);
}

async function read(options: ReportOptions, { globals }: CommandTools): Promise<Report> {
	const root = backupDirectory(globals);
	return await asOwnerOf(
		root,
		async () =>
			await buildReport({
				root,
				timeZone: globals.timeZone,
				now: new Date(),
				everyHours: options.every,
				policy: policyOf(options),
				series: chosenSeries(globals),
			}),
	);
}

async function writePage(path: string, page: string): Promise<void> {
	await using file = await AtomicFile.create(path, { replace: true });
	await file.write(page);
	await file.commit();
}

function asLines({ series, timeZone, failedRuns }: Report): string {
	if (series.length === 0) return 'There are no backups.';
	const rows = series.map(({ component, prefix, health, newestGood, verified, drilled, copies }) => [
		`${component}/${prefix}`,
		health,
		newestGood ? formatDate(newestGood.at, timeZone) : 'never',
		newestGood ? formatBytes(newestGood.storedBytes) : '',
		verified ? formatDate(new Date(verified.record.at), timeZone) : 'never',
		drilled ? `${drilled.record.result} ${formatDate(new Date(drilled.record.at), timeZone)}` : 'never',
		String(copies.length),
	]);
	const headings = ['BACKUP', 'STATE', 'LAST GOOD', 'SIZE', 'VERIFIED', 'DRILLED', 'COPIES'];
	const problems = series.flatMap((one) =>
		one.problems.map((problem) => `${one.component}/${one.prefix}: ${problem}`),
	);
	const failures = failedRuns
		.slice(0, 5)
		.map(
			({ at, component, prefix, what }) =>
				`${formatDate(new Date(at), timeZone)} ${component}/${prefix} failed: ${what}`,
		);
	return [formatTable([headings, ...rows]), ...problems, ...failures].join('\n');
}
