import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { TarCensus } from '../../../../core/artifact/manifest';
import type { SourceFacts } from '../../../../core/artifact/source';
import { archiveDirectory, type ArchiveDirectoryOptions } from '../../../../core/volume/archiveDirectory';
import { archiveReadBack, assertReadBack } from '../../../../core/volume/readBackArchive';

export interface Packed {
	facts: SourceFacts;
	census: TarCensus;
}

/** Archives a directory into an uncompressed tar file, read back as the artifact pipeline does it when asked to. */
export async function packInto(file: string, options: ArchiveDirectoryOptions): Promise<Packed> {
	const { signal } = new AbortController();
	const source = await archiveDirectory({ readBack: true, ...options })(signal);
	await pipeline(source.stream, createWriteStream(file));
	const facts = await source.finished;
	if (source.readBack === archiveReadBack) await assertReadBack(createReadStream(file), source.finished);
	return { facts, census: facts.census as TarCensus };
}
