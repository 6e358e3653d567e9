import { dirname } from 'node:path';
import { newestGoodArtifacts, presentArtifacts } from '../../core/artifact';
import {
	type ArchiveDrillReport,
	type ArchiveDrillRequest,
	drillArchive,
} from '../../core/volume/drill/drillArchive';
import { type ChosenArtifact, findArtifact, newest } from '../artifacts';
import type { CommandTools } from '../command';
import { type ExitCode, exitCodeOf, exitCodes, worstOf } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { backupDirectory, chosenSeries, type GlobalOptions } from '../options/global';
import { formatChecks, marks } from '../output/checks';
import { failureJson } from '../output/output';

/**
 * The archives that a drill is about: the one that was named, or as `newest` that of each series where there is no dump,
 * or archives were asked for. None when it is about dumps.
 */
export async function findArchives(
	named: string,
	{ archives = false }: { archives?: boolean },
	globals: GlobalOptions,
): Promise<ChosenArtifact[]> {
	if (named !== newest) {
		const chosen = await findArtifact(named, globals);
		return chosen.component === 'n8n' ? [chosen] : [];
	}
	const { timeZone } = globals;
	const choice = { root: backupDirectory(globals), timeZone, series: chosenSeries(globals) };
	return await asOwnerOf(choice.root, async () => {
		const dumps = archives ? [] : await presentArtifacts({ ...choice, components: ['postgres'] });
		return dumps.length > 0 ? [] : await newestGoodArtifacts({ ...choice, components: ['n8n'] });
	});
}

/** Drills each; one that cannot be drilled does not keep the others from it. */
export async function drillArchives(
	archives: readonly ChosenArtifact[],
	how: Pick<ArchiveDrillRequest, 'maxBytes' | 'keys'>,
	{ output, globals, signal }: CommandTools,
): Promise<ExitCode> {
	const documents: object[] = [];
	const codes: ExitCode[] = [];
	for (const { path } of archives) {
		const root = globals.directory ?? dirname(dirname(path));
		const { timeZone } = globals;
		const request = { root, timeZone, artifactPath: path, ...how, onProgress: output.onProgress };
		try {
			const report = await asOwnerOf(dirname(path), async () => await drillArchive(request, signal));
			output.say(describe(report));
			const { obstacle } = report;
			documents.push(obstacle ? { ...report, obstacle: failureJson(obstacle) } : report);
			codes.push(resultCodes[report.result]);
		} catch (error) {
			if (signal.aborted) throw error;
			output.complain(error);
			documents.push({ artifactPath: path, error: failureJson(error) });
			codes.push(exitCodeOf(error));
		}
	}
	output.result(documents.length === 1 ? documents[0] : documents);
	return worstOf(codes);
}

const resultCodes = { passed: exitCodes.ok, failed: exitCodes.damaged, unknown: exitCodes.failed } as const;

function describe({ artifactPath, result, checks, durationMs, ...report }: ArchiveDrillReport): string {
	return [
		`${marks[result]} ${artifactPath}: ${result} in ${(durationMs / 1000).toFixed(1)} s`,
		formatChecks(checks),
		...(report.obstacle ? [`  Nothing was found out about the backup. ${report.obstacle.advice}`] : []),
		...report.warnings.map((warning) => `  ! ${warning}`),
	].join('\n');
}
