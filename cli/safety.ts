import { createArtifact, type Component, type OpenSource, prefixFor } from '../core/artifact';
import { BackupError } from '../core/errors';
import type { CommandTools } from './command';

export interface SafetyOptions {
	/** Where what is replaced is saved; the backup directory when undefined. */
	safetyDirectory?: string;
}

export const safetyFlag = '--safety-directory <path>';
export const safetyHelp = 'where what is replaced is saved first (the backup directory otherwise)';

/**
 * The directory for backups of what is replaced.
 *
 * @throws BackupError `bad-parameter` when there is none
 */
export function safetyDirectory({ safetyDirectory: own }: SafetyOptions, tools: CommandTools): string {
	const directory = own ?? tools.globals.directory;
	if (directory !== undefined) return directory;
	throw new BackupError('bad-parameter', 'There is no place to save what is replaced', {
		advice: 'Name one with --safety-directory, or the backup directory with --directory',
	});
}

/** Backs up what a restore is about to replace, and answers with the artifact's path. */
export async function backUpFirst(
	{ root, component, name, openSource }: SafetyBackup,
	{ globals, output }: CommandTools,
	signal: AbortSignal,
): Promise<string> {
	const isDump = component === 'postgres';
	const { path } = await createArtifact(
		{
			root,
			component,
			prefix: prefixFor(`before-restore-${name}`),
			extension: isDump ? 'sql' : 'rdb',
			compression: { method: isDump ? 'gzip' : 'none' },
			timeZone: globals.timeZone,
			step: `Saving the present ${name}`,
			onProgress: output.onProgress,
		},
		openSource,
		signal,
	);
	output.say(`What was there is saved in ${path}`);
	return path;
}

export interface SafetyBackup {
	/** The directory of {@link safetyDirectory}. */
	root: string;
	component: Extract<Component, 'postgres' | 'redis'>;
	/** The database, or what else is saved. */
	name: string;
	openSource: OpenSource;
}
