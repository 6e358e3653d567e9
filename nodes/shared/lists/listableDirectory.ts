import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, posix, resolve, sep } from 'node:path';
import { BackupError, errorCode, fileError } from '../../../core/errors';

type Environment = NodeJS.ProcessEnv;

/** Settings of n8n with paths that no node may touch. */
const ownPaths = [
	'N8N_CONFIG_FILES',
	'N8N_CUSTOM_EXTENSIONS',
	'N8N_BINARY_DATA_STORAGE_PATH',
	'N8N_STORAGE_PATH',
	'N8N_UM_EMAIL_TEMPLATES_INVITE',
	'N8N_UM_EMAIL_TEMPLATES_PWRESET',
];

/**
 * A directory that a list in the editor may look into, with links resolved.
 *
 * n8n checks the paths of a node that runs, and gives the methods that fill lists no way to ask. This one asks the same
 * settings of the same environment, and refuses where n8n would, or where that cannot be known; never the other way.
 *
 * @throws BackupError `not-permitted`, `not-found`
 */
export async function listableDirectory(
	path: string,
	environment: Environment = process.env,
): Promise<string> {
	const directory = await realpath(path).catch((error: unknown) => {
		throw errorCode(error) === 'ENOENT' ? missing(path, error) : fileError(error, path);
	});
	if (isAllowed(directory, environment) && !isBlocked(directory, environment)) return directory;
	throw new BackupError('not-permitted', `Backup Directory: n8n does not allow nodes to use ${path}`, {
		advice: 'Add it to N8N_RESTRICT_FILE_ACCESS_TO (“;” between paths) of n8n and of every worker',
	});
}

function isAllowed(directory: string, environment: Environment): boolean {
	const name = 'N8N_RESTRICT_FILE_ACCESS_TO';
	// n8n reads the setting from a file then.
	if (environment[name] === undefined && environment[`${name}_FILE`] !== undefined) return false;
	const allowed = listOf(environment[name] ?? '~/.n8n-files', /;/).map((each) =>
		each.replace(/^~/, homedir()),
	);
	return allowed.length === 0 || allowed.some((each) => isWithin(each, directory));
}

function isBlocked(directory: string, environment: Environment): boolean {
	const name = 'N8N_BLOCK_FILE_PATTERNS';
	if (environment[`${name}_FILE`] !== undefined) return true;
	const homes = [environment.N8N_USER_FOLDER, environment.HOME, homedir()].flatMap((home) => home ?? []);
	const own = [
		...homes.flatMap((home) => [join(home, '.n8n'), join(home, '.cache', 'n8n')]),
		...ownPaths.flatMap((each) => listOf(environment[each] ?? '', /[;,]/)),
	];
	const patterns = listOf(environment[name] ?? '^(?:[^/]*/)*\\.git(?:/.*)?$', /;/);
	return own.some((each) => isWithin(each, directory)) || patterns.some((each) => matches(each, directory));
}

/** What is no pattern blocks everything, as in n8n. */
function matches(pattern: string, path: string): boolean {
	try {
		return new RegExp(pattern, 'im').test(posix.normalize(path));
	} catch {
		return true;
	}
}

function isWithin(parent: string, child: string): boolean {
	const home = resolve(parent);
	return child === home || child.startsWith(home === sep ? sep : `${home}${sep}`);
}

function listOf(text: string, separator: RegExp): string[] {
	return text
		.split(separator)
		.map((each) => each.trim())
		.filter((each) => each !== '');
}

function missing(path: string, cause: unknown): BackupError {
	return new BackupError(
		'not-found',
		`Backup Directory: ${path} does not exist where the editor’s n8n runs`,
		{
			advice: 'Correct the path, or mount it into the container of n8n, too',
			cause,
		},
	);
}
