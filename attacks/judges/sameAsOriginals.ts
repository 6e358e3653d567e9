import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertKept } from '../harness/attack.ts';

/**
 * Whatever artifact has a final name among the copies is the same file as the original, byte for byte.
 *
 * @throws Lost
 */
export async function sameAsOriginals(copies: string, originals: string): Promise<void> {
	const names = (await readdir(copies).catch((): string[] => [])).filter((name) => !name.startsWith('.'));
	for (const name of names.filter((one) => !one.endsWith('.manifest.json'))) {
		const [copy, original] = await Promise.all(
			[copies, originals].map(async (directory) => await readFile(join(directory, name))),
		);
		assertKept(copy!.equals(original!), `The copy of ${name} is another file`);
	}
}
