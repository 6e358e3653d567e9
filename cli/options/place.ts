import { Option } from 'commander';
import { type Destination, openDestination, parsePlace } from '../../core/offsite';
import type { CommandTools } from '../command';

export function atOption(): Option {
	return new Option(
		'--at <place>',
		'a place off-site: s3://bucket/prefix, sftp://user@host/path, webdavs://host/path, or a directory',
	);
}

/**
 * The destination that `--at` names, with its secrets from the environment.
 *
 * @param copied the backup directory that is copied there
 * @throws BackupError `bad-parameter`, or what keeps it from being reached
 */
export async function openPlace(at: string, { signal }: CommandTools, copied?: string): Promise<Destination> {
	return await openDestination({ ...parsePlace(at), root: copied }, signal);
}
