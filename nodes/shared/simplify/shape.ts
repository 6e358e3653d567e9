import type { IDataObject } from 'n8n-workflow';
import type { Artifact, CatalogEntry } from '../../../core/artifact';
import type { CheckResult } from '../../../core/artifact/checks';
import type { BackupError } from '../../../core/errors';
import type { BackupVerification } from '../../../core/verify/verifyBackup';

/** What a drill found, wherever it was done. */
export interface DrillOutcome {
	artifactPath: string;
	result: 'passed' | 'failed' | 'unknown';
	checks: readonly CheckResult[];
	warnings: string[];
	/** Milliseconds. */
	durationMs: number;
	obstacle?: BackupError;
}

/** What a prune did, or would have done. */
export interface PruneOutcome {
	entry: CatalogEntry;
	action: string;
	reasons: string[];
	deleted: boolean;
	dryRun: boolean;
	/** The destination forbids it for now. */
	locked?: boolean;
	/** Of a copy: the destination. */
	place?: string;
}

/** What became of the copy of a backup at a destination. */
export interface TransferOutcome {
	entry: CatalogEntry;
	place: string;
	outcome: string;
	warnings: string[];
}

/** A copy that was read again. */
export interface CopyVerification {
	entry: CatalogEntry;
	place: string;
	result: string;
	checks: readonly CheckResult[];
}

/** How results become items: as a person reads them, or with all that is known. */
export interface Shape {
	artifact(made: Artifact): IDataObject;
	entry(entry: CatalogEntry): IDataObject;
	copyEntry(entry: CatalogEntry, place: string): IDataObject;
	pruned(outcome: PruneOutcome): IDataObject;
	copied(outcome: TransferOutcome): IDataObject;
	fetched(outcome: TransferOutcome): IDataObject;
	copyVerification(verification: CopyVerification): IDataObject;
	verification(verification: BackupVerification, entry: CatalogEntry): IDataObject;
	drill(outcome: DrillOutcome, entry: CatalogEntry): IDataObject;
}
