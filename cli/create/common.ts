import type { CommandTools } from '../command';
import { n8nEncryptionKey } from '../../core/n8n/environment';
import { backupDirectory } from '../options/global';
import { readersFrom, type RecipientOptions } from '../options/create';
import type { Common } from './createBackups';
import { findInstance } from './n8nInstance';

/**
 * What all backups of a run have in common, from options, environment and what lies in the backup directory.
 *
 * @param keyClue a key that was found where n8n itself does not look, as in `.env`
 * @throws BackupError `bad-parameter`, and where the backup directory cannot be read
 */
export async function commonOf(
	options: RecipientOptions,
	tools: CommandTools,
	{ dataFolder, keyClue }: { dataFolder?: string; keyClue?: string } = {},
): Promise<Common> {
	const { globals, output, terminal } = tools;
	const place = { root: backupDirectory(globals), timeZone: globals.timeZone };
	const encryption = await readersFrom(options, tools);
	const encryptionKey = (await n8nEncryptionKey(terminal.env, dataFolder)) ?? keyClue;
	const clues = { named: globals.instance, env: terminal.env, encryptionKey };
	const { instanceId, notes } = await findInstance(place, clues);
	output.note(notes);
	return { ...place, encryption, instanceId };
}
