import { assertChecksum, type Checksum, notAsDescribed } from '../artifact/checksum';
import type { Manifest, TarCensus } from '../artifact/manifest';

/** What a manifest says that an archive is. Plain values only: it is handed to another thread. */
export interface ExpectedArchive extends Checksum {
	census?: TarCensus;
}

/** What to hold an archive against; nothing without a manifest. */
export function expectedArchive(manifest: Manifest | undefined): ExpectedArchive | undefined {
	if (!manifest) return undefined;
	const { sha256, census } = manifest;
	return { sha256, census: census.kind === 'tar' ? census : undefined };
}

/** @throws BackupError `damaged` when what was read is not what the manifest says */
export function assertExpected(
	path: string,
	measured: Checksum,
	{ entries, bytes }: { entries: number; bytes: number },
	expected: ExpectedArchive | undefined,
): void {
	assertChecksum(path, measured, expected);
	const { census } = expected ?? {};
	if (census === undefined || (entries === census.entries && bytes === census.bytes)) return;
	throw notAsDescribed(
		path,
		`it holds ${entries} entries with ${bytes} bytes instead of ${census.entries} with ${census.bytes}`,
	);
}
