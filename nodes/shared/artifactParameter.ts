import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { basename } from 'node:path';
import { artifactNamed, type CatalogEntry, type Component, newestGoodArtifact } from '../../core/artifact';
import { allowedPath } from './allowedPath';

/** Which backup an operation is about, by name or the newest. */
export const artifact: INodeProperties = {
	displayName: 'Backup',
	name: 'artifact',
	type: 'string',
	default: '',
	placeholder: 'n8n_20261123_020000.sql.gz',
	description: 'File name of the backup, as Prune Backups · List shows it. Empty: the newest good one.',
};

/**
 * The backup that the parameters mean, in the backup directory that they name.
 *
 * @throws BackupError when there is no such backup, or n8n does not allow its path
 */
export async function chooseArtifact(
	context: IExecuteFunctions,
	itemIndex: number,
	components: readonly Component[],
): Promise<CatalogEntry> {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const choice = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		components,
	};
	// A path is as good as a name: items of other operations carry both.
	const name = basename((context.getNodeParameter('artifact', itemIndex) as string).trim());
	const entry = name === '' ? await newestGoodArtifact(choice) : await artifactNamed(name, choice);
	await allowedPath(context, entry.path, 'Backup');
	return entry;
}
