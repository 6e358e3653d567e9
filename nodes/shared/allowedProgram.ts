import { normalize } from 'node:path';
import { BackupError } from '../../core/errors';

/** Names further programs that may be run, not only those on PATH: full paths, `;` between them. */
export const programsVariable = 'N8N_BACKUP_PROGRAMS';

/**
 * A program that a workflow may have run. Whoever edits workflows must not choose freely what n8n executes, not even a
 * file that a restore has just unpacked: only the program itself as found on PATH, with or without its version
 * (`pg_dump`, `pg_dump-17`), or a path that the administrator lists in an environment variable.
 *
 * @param name of the program: `pg_dump`
 * @throws BackupError `not-permitted`
 */
export function allowedProgram(
	path: string,
	name: string,
	environment: NodeJS.ProcessEnv = process.env,
): string {
	const onPath = new RegExp(`^${name}(?:-\\d+)?$`);
	if (onPath.test(path)) return path;
	const listed = (environment[programsVariable] ?? '').split(';').map((one) => one.trim());
	const isListed = path.startsWith('/') && listed.some((one) => one !== '' && normalize(one) === path);
	if (isListed) return path;
	throw new BackupError('not-permitted', `Program Path: nodes may not run ${path || 'an empty path'}`, {
		advice: `Use ${name} or ${name}-17 (found on n8n’s PATH), or have ${programsVariable} in n8n’s environment list the full path`,
	});
}
