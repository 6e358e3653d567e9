/** What Jest says of a test file, as far as it is used. */
export interface TestFile {
	path: string;
	/** Milliseconds of an earlier run. */
	duration?: number;
	context: { config: { rootDir: string }; hasteFS: { getSize(path: string): number | null } };
}

/** See longestFirst.cjs. The class that it extends is declared without what a test replaces. */
declare class LongestFirst {
	/** Paths from the checkout. */
	static readonly longest: readonly string[];
	constructor(options: { contexts: unknown[]; globalConfig: object });
	sort(tests: TestFile[]): TestFile[];
	/** Milliseconds of an earlier run. */
	time(test: TestFile): number | undefined;
	hasFailed(test: TestFile): boolean;
}
export default LongestFirst;
