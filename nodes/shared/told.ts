import type { IDataObject } from 'n8n-workflow';
import { basename } from 'node:path';
import { type Artifact, type CatalogEntry, type Counts, countsOf, type Manifest } from '../../core/artifact';
import { durationMs } from '../../core/report/report';
import { formatBytes, formatDuration, plural } from '../../core/units';

/** A result with what there is to say of it, in the log and below the node’s output. */
export class Told {
	readonly item: IDataObject;
	readonly sentence: string;

	constructor(item: IDataObject, sentence: string) {
		this.item = item;
		this.sentence = sentence;
	}
}

/** `n8n: 3.2 MB in 2 s, 5,256 rows` */
export function tellArtifact({ path, manifest }: Artifact): string {
	const took = formatDuration(durationMs({ manifest }));
	const made = `${formatBytes(manifest.storedBytes)} in ${took}`;
	return `${subjectOf(manifest) ?? basename(path)}: ${[made, ...whatWasCounted(countsOf(manifest.census))].join(', ')}`;
}

/** What people call what was backed up, in a word. */
function subjectOf({ component, source: { database, volume, path } }: Manifest): string | undefined {
	if (component === 'redis') return 'Redis';
	if (component === 'postgres') return database ?? 'Roles and tablespaces';
	return volume ?? (path === undefined ? undefined : basename(path));
}

function whatWasCounted({ rows, entries, keys }: Counts): string[] {
	return [
		...(rows === undefined ? [] : [plural(rows, 'row')]),
		...(entries === undefined ? [] : [plural(entries, 'entry', 'entries')]),
		...(keys === undefined ? [] : [plural(keys, 'key')]),
	];
}

export interface DrillToTell {
	name: string;
	/** What was done with it: `restored inside n8n`. */
	done: string;
	durationMs: number;
	/** Undefined where none were compared. */
	rows?: number;
	/** What kept the drill from finding anything out. */
	obstacle?: string;
}

/** `n8n_20261123_020000.sql.gz: restored inside n8n in 9 s, 5,256 rows compared` */
export function tellDrill({ name, done, durationMs: took, rows, obstacle }: DrillToTell): string {
	if (obstacle !== undefined) return `Whether ${name} can be restored is unknown: ${obstacle}`;
	const compared = rows === undefined ? '' : `, ${plural(rows, 'row')} compared`;
	return `${name}: ${done} in ${formatDuration(took)}${compared}`;
}

/** `n8n_20261123_020000.sql.gz: copied to s3://bucket, 3.2 MB` */
export function tellMoved({ name, storedBytes }: CatalogEntry, done: string): string {
	return `${name}: ${done}, ${formatBytes(storedBytes)}`;
}
