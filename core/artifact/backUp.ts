import { BackupError, errorMessage } from '../errors';
import { readCatalog } from './catalog';
import { type Artifact, type ArtifactRequest, createArtifact } from './createArtifact';
import { recordingFailure } from './failedRuns';
import type { Manifest } from './manifest';
import { newestOfEach, seriesKey } from './series';
import { type OpenSource, withWarnings } from './source';

/**
 * Makes the next backup of a series. One that holds far less than the last full one is kept, is known as shrunk from the
 * moment that it has its name, and is an error all the same: somebody has to look. A run that fails is written down.
 *
 * @throws BackupError `shrunk`, with the backup kept; else as createArtifact does, with nothing left but the record
 */
export async function backUp(
	request: Omit<ArtifactRequest, 'compareWith' | 'expectedBytes'>,
	openSource: OpenSource,
	signal: AbortSignal,
): Promise<Artifact> {
	return await recordingFailure(request, signal, async () => {
		const { before, problems } = await lastFull(request);
		const open = withWarnings(openSource, problems);
		const compared = { ...request, compareWith: before, expectedBytes: before?.rawBytes };
		const artifact = await createArtifact(compared, open, signal);
		const { shrunk } = artifact.manifest;
		if (shrunk) throw shrunkError(artifact.path, artifact.manifest.artifact, shrunk);
		return artifact;
	});
}

/** The last good one of the series. That it cannot be found out keeps nobody from a backup. */
async function lastFull({
	root,
	component,
	prefix,
	instanceId,
	timeZone,
}: ArtifactRequest): Promise<{ before?: Manifest; problems: string[] }> {
	try {
		const all = await readCatalog({ root, timeZone, components: [component], series: { prefix } });
		const own = seriesKey({ component, prefix, manifest: { instanceId } });
		const full = all.filter((entry) => entry.state === 'good' && seriesKey(entry) === own);
		return { before: newestOfEach(full)[0]?.manifest, problems: [] };
	} catch (error) {
		return {
			problems: [`It could not be compared with the backup before it: ${errorMessage(error)}`],
		};
	}
}

function shrunkError(path: string, name: string, { before, lost }: NonNullable<Manifest['shrunk']>) {
	const what = `${path} is kept, but holds far less than ${before}, the last full backup: ${lost.join(' ')}`;
	return new BackupError('shrunk', what, {
		advice: `Find out what was lost, and restore the last full backup; nothing of this series is pruned. If it is meant to be so, say it with “n8n-backup accept ${name}”, or with the option Accepted Backups of Prune Backups`,
	});
}
