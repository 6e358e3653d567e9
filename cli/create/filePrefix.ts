import { basename } from 'node:path';
import { defaultPrefixes } from '../../core/artifact';

/** The one of the shipped workflow: with another, the same file would be two series. */
const composeFilePrefix = 'compose';

/** The names that Compose looks for. */
const composeFileName = /^(?:docker-)?compose\.ya?ml$/;

/**
 * What names of a file's copies begin with when nobody says otherwise.
 *
 * @param otherwise for what is no Compose file
 */
export function filePrefix(path: string, otherwise: string = defaultPrefixes.env): string {
	return composeFileName.test(basename(path)) ? composeFilePrefix : otherwise;
}
