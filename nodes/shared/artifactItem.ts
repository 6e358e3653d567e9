import type { IDataObject } from 'n8n-workflow';
import type { Artifact } from '../../core/artifact';

/** What the next node learns of an artifact: its manifest, where it lies and how long it took. */
export function artifactItem({ path, manifest }: Artifact): IDataObject {
	return {
		...(manifest as unknown as IDataObject),
		path,
		durationMs: Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt),
	};
}
