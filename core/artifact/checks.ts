/** What one check of a verification or a drill found. */
export interface CheckResult {
	/** What was looked at, in a word or two: `sha256`, `rows`. */
	check: string;
	/** `unknown`: there was nothing to compare with, or it could not be tried. */
	result: 'passed' | 'failed' | 'unknown';
	/** One sentence for people. */
	detail: string;
}
