import { basename, dirname } from 'node:path';
import { type Component, isComponent } from '../artifact';
import { withoutAge } from '../encryption';
import { BackupError } from '../errors';

/** File name endings of each component's artifacts, without that of the encryption. */
const formats: Array<[ending: RegExp, component: Component]> = [
	[/\.sql(\.gz|\.zst)?$/, 'postgres'],
	[/\.rdb(\.gz|\.zst)?$/, 'redis'],
	[/\.(tar|tar\.gz|tgz|tar\.zst)$/, 'n8n'],
	[/\.backup$/, 'env'],
];

/**
 * The component that a file is an artifact of, by its format: the name's ending, or where that says nothing, the
 * directory that it lies in.
 *
 * @throws BackupError `bad-parameter` when neither says
 */
export function componentOf(path: string): Component {
	const name = withoutAge(path);
	const format = formats.find(([ending]) => ending.test(name));
	if (format) return format[1];
	const directory = basename(dirname(path));
	if (isComponent(directory)) return directory;
	throw new BackupError('bad-parameter', `${path} does not look like one of our backups`, {
		advice: 'Name a .sql, .rdb, .tar or .backup file, compressed and encrypted or not',
	});
}
