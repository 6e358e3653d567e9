'use strict';

/**
 * Closes Jest's output with the one line that continuous integration reads. A file that could not be loaded
 * counts as a failure.
 */
module.exports = class TallyReporter {
	onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
		// After Jest's own summary, which the default reporter writes in this same turn.
		setImmediate(() =>
			process.stdout.write(
				`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`,
			),
		);
	}
};
