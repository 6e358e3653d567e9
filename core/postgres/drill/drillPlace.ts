import type { CompressionMethod, Manifest, OnProgress } from '../../artifact';
import type { CheckResult } from '../../artifact/checks';
import type { DecryptionKeys } from '../../encryption';
import { BackupError } from '../../errors';

/** The backup that is drilled, and how. */
export interface Subject {
	artifactPath: string;
	compression: CompressionMethod;
	/** For what is encrypted of all that is read. */
	keys?: DecryptionKeys;
	manifest: Manifest | undefined;
	/** The backup directory, where n8n's encryption key is looked for. */
	root: string;
	/** IANA name of the zone that artifacts without a manifest are named in. */
	timeZone: string;
	/** Bytes of SQL above which the drill does not begin; the place has a limit of its own when undefined. */
	maxRawBytes?: number;
	withoutExtensions?: string[];
	onProgress?: OnProgress;
}

/** What a drill found out, or what kept it from finding anything out. */
export type Finding = {
	/** Scratch databases of crashed drills that were dropped before. */
	droppedLeftOvers?: string[];
} & ({ checks: CheckResult[]; obstacle?: undefined } | { checks?: undefined; obstacle: BackupError });

/** Where a backup is restored to be proven. */
export interface DrillPlace {
	where: 'inside-n8n' | 'on-server';
	/** @throws BackupError `cancelled`, or `bad-parameter` for what cannot be begun as it was asked for */
	drill(subject: Subject, signal: AbortSignal): Promise<Finding>;
}

/**
 * An error that says something of the backup becomes a failed check; another one is an obstacle.
 *
 * @param blamesBackup whether an error says something of the backup
 */
export async function judge(
	drilled: () => Promise<CheckResult[]>,
	blamesBackup: (error: BackupError) => boolean,
): Promise<Finding> {
	try {
		return { checks: await drilled() };
	} catch (error) {
		if (!(error instanceof BackupError) || error.code === 'cancelled' || error.code === 'bad-parameter')
			throw error;
		if (!blamesBackup(error)) return { obstacle: error };
		return { checks: [{ check: 'restore', result: 'failed', detail: error.what }] };
	}
}
