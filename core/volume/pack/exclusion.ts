import ignore from 'ignore';
import { BackupError, errorMessage } from '../../errors';

/** Whether to leave a path out. Paths are relative to the archived directory, without a slash in front. */
export type IsExcluded = (relativePath: string, isDirectory: boolean) => boolean;

/**
 * Exclusion patterns with exactly the meaning of lines in a `.gitignore` at the top of the archived directory:
 * `*.log` matches in every directory, `cache/` only directories, `/binaryData` only at the top, `nodes/**`
 * everything below; `!keep.log` takes back what an earlier pattern excluded. Upper and lower case differ.
 * Nothing below an excluded directory can be taken back.
 *
 * @returns undefined when nothing can be excluded, so that no path need be built to ask
 * @throws BackupError `bad-parameter` when a pattern cannot be understood
 */
export function compileExclusion(patterns: readonly string[]): IsExcluded | undefined {
	const lines = patterns.map((pattern) => pattern.trim()).filter((pattern) => pattern !== '');
	if (lines.length === 0) return undefined;
	try {
		const matcher = ignore({ ignorecase: false }).add(lines);
		return (relativePath, isDirectory) => matcher.ignores(isDirectory ? `${relativePath}/` : relativePath);
	} catch (error) {
		throw new BackupError('bad-parameter', `The exclusion patterns cannot be used: ${errorMessage(error)}`, {
			advice: 'Write them as in a .gitignore file, for example *.log or cache/',
			cause: error,
		});
	}
}
