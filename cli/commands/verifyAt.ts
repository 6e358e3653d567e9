import { type CatalogEntry, type Component, newestOfEach } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { type CopyVerification, readRemoteCatalog, verifyCopy } from '../../core/offsite';
import type { CommandTools } from '../command';
import { type ExitCode, exitCodeOf, exitCodes, worstOf } from '../exitCodes';
import { chosenSeries } from '../options/global';
import { openPlace } from '../options/place';
import { entryJson } from '../output/catalog';
import { formatChecks, marks } from '../output/checks';
import { failureJson } from '../output/output';
import { plural } from '../../core/units';

interface Choice {
	/** File names; empty for all that the options choose. */
	named: string[];
	newest?: boolean;
	component?: Component[];
}

/** `verify --at`: reads copies at a place off-site and compares them with their manifests; all unless told. */
export async function verifyAt(at: string, choice: Choice, tools: CommandTools): Promise<ExitCode> {
	const { globals, output, signal } = tools;
	await using destination = await openPlace(at, tools);
	const { timeZone } = globals;
	const wanted = { destination, timeZone, components: choice.component, series: chosenSeries(globals) };
	const chosen = chooseEntries(await readRemoteCatalog(wanted, signal), choice, destination.place);
	const codes: ExitCode[] = [];
	const results: object[] = [];
	for (const entry of chosen) {
		try {
			const { onProgress } = output;
			const found = await verifyCopy({ destination, entry, onProgress }, signal);
			results.push({ ...entryJson(entry), result: found.result, checks: found.checks });
			output.say(formatReport(found));
			codes.push(codeOf[found.result]);
		} catch (error) {
			if (signal.aborted) throw error;
			results.push({ ...entryJson(entry), error: failureJson(error) });
			output.complain(error);
			codes.push(exitCodeOf(error));
		}
	}
	output.result(results);
	const passed = codes.filter((code) => code === exitCodes.ok).length;
	output.say(`${passed} of ${plural(chosen.length, 'copy', 'copies')} passed.`);
	return worstOf(codes);
}

/**
 * Those of a place's backups that were named, or the newest of each kind, or all.
 *
 * @throws BackupError `not-found` where there are none
 */
export function chooseEntries(
	entries: CatalogEntry[],
	{ named, newest = false }: Pick<Choice, 'named' | 'newest'>,
	place: string,
): CatalogEntry[] {
	const missing = named.find((name) => entries.every((entry) => entry.name !== name));
	const chosen =
		named.length > 0
			? entries.filter(({ name }) => named.includes(name))
			: newest
				? newestOfEach(entries.filter(({ state }) => state === 'good'))
				: entries;
	if (missing === undefined && chosen.length > 0) return chosen;
	throw new BackupError('not-found', `There is no ${missing ?? 'backup'} at ${place}`, {
		advice: 'See with "list --at" what is there',
	});
}

/** What cannot be known is not damaged, but not done either. */
const codeOf = { passed: exitCodes.ok, failed: exitCodes.damaged, unknown: exitCodes.failed };

function formatReport({ entry, result, checks }: CopyVerification): string {
	return [`${marks[result]} ${entry.path}: ${result}`, formatChecks(checks)].join('\n');
}
