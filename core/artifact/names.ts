import { createHash } from 'node:crypto';
import { DateTime } from 'luxon';
import { BackupError } from '../errors';

/** The parts of `PREFIX_YYYYMMDD_HHMMSS.EXT`. */
export interface ArtifactName {
	prefix: string;
	/** `YYYYMMDD_HHMMSS`, in the time zone of the workflow that made it. */
	stamp: string;
	/** Without its leading dot: `sql.gz`. */
	extension: string;
}

export const manifestSuffix = '.manifest.json';

const stampFormat = 'yyyyMMdd_HHmmss';
const namePattern = /^(?<prefix>[^./\\][^/\\]*)_(?<stamp>\d{8}_\d{6})\.(?<extension>[a-z0-9.]+)$/;

/** Bytes a prefix may have, so that the longest name we make stays within the 255 that file systems take. */
const longestPrefix = 180;

/**
 * The name of an artifact begun at `startedAt`, written in `timeZone` (an IANA name).
 *
 * @throws BackupError `bad-parameter` when the prefix or the time zone cannot be used
 */
export function formatArtifactName(options: {
	prefix: string;
	startedAt: Date;
	timeZone: string;
	extension: string;
}): string {
	const { prefix, startedAt, timeZone, extension } = options;
	assertPrefix(prefix);
	const local = DateTime.fromJSDate(startedAt, { zone: timeZone });
	if (!local.isValid) {
		throw new BackupError('bad-parameter', `"${timeZone}" is not a known time zone`, {
			advice: 'Choose one in the workflow’s settings, such as Europe/Berlin',
		});
	}
	return `${prefix}_${local.toFormat(stampFormat)}.${extension}`;
}

/** The parts of an artifact's file name; undefined where the name is not ours. */
export function parseArtifactName(fileName: string): ArtifactName | undefined {
	// Nor what somebody has made of a manifest: a copy of an editor's, what a crash left.
	if (fileName.includes(manifestSuffix)) return undefined;
	const groups = namePattern.exec(fileName)?.groups;
	if (!groups) return undefined;
	const { prefix = '', stamp = '', extension = '' } = groups;
	if (!stampToDate(stamp, 'utc')) return undefined;
	return { prefix, stamp, extension };
}

/** The instant that a name's stamp stands for in `timeZone`; undefined for a day or hour that is not one. */
export function stampToDate(stamp: string, timeZone: string): Date | undefined {
	const local = DateTime.fromFormat(stamp, stampFormat, { zone: timeZone });
	return local.isValid ? local.toJSDate() : undefined;
}

/** The name of the manifest that lies beside an artifact. */
export function manifestName(artifactName: string): string {
	return `${artifactName}${manifestSuffix}`;
}

/**
 * A prefix for something whose name may hold any character, such as a database. What a file name cannot hold
 * becomes `_`, and then a short hash keeps two different names apart.
 */
export function prefixFor(name: string): string {
	const plain = name
		.normalize('NFC')
		.replace(/[^\p{L}\p{N}._-]/gu, '_')
		.replace(/^\.+/, '_');
	const short = truncateBytes(plain, longestPrefix - 9);
	if (short === name && short !== '') return short;
	return `${short}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

function assertPrefix(prefix: string): void {
	const usable = /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$/u.test(prefix);
	if (usable && Buffer.byteLength(prefix) <= longestPrefix) return;
	throw new BackupError('bad-parameter', `"${prefix}" cannot be the beginning of a file name`, {
		advice: `Use letters, digits, "_", "-" and ".", at most ${longestPrefix} bytes, not beginning with "."`,
	});
}

function truncateBytes(text: string, bytes: number): string {
	let result = text;
	while (Buffer.byteLength(result) > bytes) result = result.slice(0, -1);
	return result.replace(/[\uD800-\uDBFF]$/, '');
}
