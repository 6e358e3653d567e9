/** How far a run has come. Sizes are in bytes. */
export interface Progress {
	rawBytes: number;
	/** Undefined where nobody can know it beforehand. */
	totalBytes?: number;
	/** What is being done, as a person would say it: `dumping n8n`. */
	step: string;
}

export type OnProgress = (progress: Progress) => void;
