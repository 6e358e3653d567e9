import { join } from 'node:path';
import { assertKept } from '../harness/attack.ts';
import { complaintAbout } from './complaintAbout.ts';
import { directoryState } from './directoryState.ts';

/**
 * Every file under a final name has a manifest that fits, and an independent program has no objection.
 *
 * @param older names that have to be there still
 * @returns the names of what is whole
 * @throws Lost
 */
export async function judgeDirectory(directory: string, older: readonly string[] = []): Promise<string[]> {
	const { complete, completable, broken } = await directoryState(directory);
	assertKept(broken.length === 0, `Neither whole nor absent: ${broken.join(', ')}`);
	const gone = older.filter((name) => !complete.includes(name));
	assertKept(gone.length === 0, `Older backups are gone: ${gone.join(', ')}`);
	for (const name of [...complete, ...completable].filter((one) => !older.includes(one))) {
		const complaint = await complaintAbout(join(directory, name));
		assertKept(complaint === undefined, `${name}: ${complaint}`);
	}
	return complete;
}
