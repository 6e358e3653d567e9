import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'corpus');

/** A kept file: made by the format's own program, or one that once broke something. */
export interface Kept {
	name: string;
	bytes: Buffer;
}

/** The kept files of a format, always in the same order. */
export async function readCorpus(format: string): Promise<Kept[]> {
	const names = (await readdir(join(folder, format))).sort();
	return await Promise.all(
		names.map(async (name) => ({ name, bytes: await readFile(join(folder, format, name)) })),
	);
}
