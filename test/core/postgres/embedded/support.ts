import { writeBackup } from '../../../support/writeBackup';
import { writeDump } from '../support/restoring';

/** A backup below `root` whose artifact is a dump of those statements; its manifest is of another file. */
export async function backUpOf(root: string, sql: string, serverVersion?: string): Promise<string> {
	const path = await writeBackup(root, { stamp: '20261123_020000' });
	await writeDump(path, sql, serverVersion);
	return path;
}
