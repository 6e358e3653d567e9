import type { IDataObject } from 'n8n-workflow';
import type { CatalogEntry } from '../../../core/artifact';
import { durationMs } from '../../../core/report/report';
import type { Shape } from './shape';

/** Everything that is known, the whole manifest included. */
export const whole: Shape = {
	artifact: ({ path, manifest }) => ({
		...(manifest as unknown as IDataObject),
		path,
		durationMs: durationMs({ manifest }),
	}),
	entry,
	copyEntry: (one, place) => ({ ...entry(one), place }),
	pruned: ({ entry: one, ...outcome }) => ({ ...entry(one), ...outcome }),
	copied: ({ entry: one, ...outcome }) => ({ ...entry(one), ...outcome }),
	fetched({ entry: { component, name, path, manifest }, place, outcome, warnings }) {
		return { component, name, path, place, outcome, manifest, warnings };
	},
	copyVerification: ({ entry: one, ...found }) => ({ ...entry(one), ...(found as unknown as IDataObject) }),
	verification: (found) => ({ ...(found as unknown as IDataObject) }),
	drill({ artifactPath, obstacle, ...report }) {
		return {
			path: artifactPath,
			...(report as unknown as IDataObject),
			...(obstacle && { obstacle: obstacle.message }),
		};
	},
};

function entry({ at, manifest, ...rest }: CatalogEntry): IDataObject {
	return { ...rest, at: at.toISOString(), manifest: manifest ?? null };
}
