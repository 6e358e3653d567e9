import { changeManifest } from '../artifact/changeManifest';
import type { CopyRecord, Manifest } from '../artifact';
import { hasCode } from '../errors';

/** What the manifest says of a copy at this place; undefined where it says nothing. */
export function copyAt(
	{ copies }: Pick<Manifest, 'copies'> | undefined = {},
	place: string,
): CopyRecord | undefined {
	return copies?.find((copy) => copy.place === place);
}

/** Writes into the local manifest that a copy was seen whole at a place just now. */
export async function recordSeen(artifactPath: string, place: string, now = new Date()): Promise<void> {
	const lastSeenAt = now.toISOString();
	await changeCopy(artifactPath, place, (present) => ({ place, at: present?.at ?? lastSeenAt, lastSeenAt }));
}

/** Writes into the local manifest that a prune took its copy away, so that no copy run brings it back. */
export async function recordPruned(artifactPath: string, place: string, now = new Date()): Promise<void> {
	const prunedAt = now.toISOString();
	// One that was fetched, or copied by another machine, does not know its copies.
	const unknown = { place, at: prunedAt, lastSeenAt: prunedAt };
	await changeCopy(artifactPath, place, (present = unknown) => ({ ...present, prunedAt }));
}

/** An artifact that was pruned here meanwhile needs no record. */
async function changeCopy(
	artifactPath: string,
	place: string,
	change: (present: CopyRecord | undefined) => CopyRecord,
): Promise<void> {
	try {
		await changeManifest(artifactPath, ({ manifest, document }) => {
			const others = (manifest.copies ?? []).filter((copy) => copy.place !== place);
			return { ...document, copies: [...others, change(copyAt(manifest, place))] };
		});
	} catch (error) {
		if (hasCode(error, 'not-found')) return;
		throw error;
	}
}
