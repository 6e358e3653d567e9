import { readFile } from 'node:fs/promises';
import { fileError } from '../../core/errors';

/** The text of a file that an option names, such as a certificate; undefined where it names none. */
export async function readIfNamed(path: string | undefined): Promise<string | undefined> {
	if (path === undefined) return undefined;
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		throw fileError(error, path);
	}
}
