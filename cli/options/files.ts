import { readFile } from 'node:fs/promises';
import { fileError } from '../../core/errors';

/** The text of a file that an option names, such as a certificate; undefined where it names none. */
export async function readIfNamed(path: string | undefined): Promise<string | undefined> {
	return path === undefined ? undefined : (await readNamed(path)).toString();
}

/** What is in a file that an option names. */
export async function readNamed(path: string): Promise<Buffer> {
	try {
		return await readFile(path);
	} catch (error) {
		throw fileError(error, path);
	}
}
