import { hasCode } from '../errors';
import { failed, type Finding, passed, unknown } from './finding';

/**
 * Asks n8n whether nodes may use a path, before it is touched.
 *
 * @returns the path without links
 * @throws BackupError `not-permitted`, or what keeps the path from being looked up
 */
export type Permit = (path: string) => Promise<string>;

const check = 'N8N_RESTRICT_FILE_ACCESS_TO';

/** What n8n allows by itself. */
const allowedAnyway = '/home/node/.n8n-files';

/**
 * Whether n8n lets nodes use all of the paths; where not, the whole line to set.
 *
 * @param permit undefined where it is not n8n that asks
 */
export async function checkFileAccess(
	paths: readonly string[],
	env: NodeJS.ProcessEnv,
	permit: Permit | undefined,
): Promise<Finding> {
	if (!permit)
		return unknown(check, 'What nodes may use, only n8n itself can say.', 'Run Check Setup there.');
	const refused: string[] = [];
	for (const path of paths) {
		const isRefused = await permit(path).then(
			() => false,
			(error: unknown) => hasCode(error, 'not-permitted'),
		);
		if (isRefused) refused.push(path);
	}
	if (refused.length === 0) return passed(check, `n8n lets nodes use ${paths.join(', ')}.`);
	const present = env[check] ?? '';
	const line = [present === '' ? allowedAnyway : present, ...refused].join(';');
	return failed(
		check,
		`n8n does not let nodes use ${refused.join(', ')}.`,
		`Set ${check}=${line}; n8n’s own data folder stays blocked, so mount it a second time, read-only, at another path.`,
	);
}
