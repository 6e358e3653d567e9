import type { IDataObject } from 'n8n-workflow';
import type { CatalogEntry } from '../../core/artifact';

/** An artifact in the catalog as an item: what it is, whether it is good, and what its manifest says. */
export function catalogItem({ at, manifest, ...entry }: CatalogEntry): IDataObject {
	return { ...entry, at: at.toISOString(), manifest: manifest ?? null };
}
