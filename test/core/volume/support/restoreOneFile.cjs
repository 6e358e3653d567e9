'use strict';
/**
 * Restores one file in a process of its own, for tests that end it at a chosen call.
 *
 * @param argv artifact, destination, `overwrite` or nothing
 */
const { restoreFile } = require('../../../../dist/core/volume/restoreFile');
const [artifactPath, destination, overwrite] = process.argv.slice(2);

restoreFile(
	{ artifactPath, destination, overwrite: overwrite === 'overwrite' },
	new AbortController().signal,
).then(
	(restored) => process.stdout.write(JSON.stringify(restored)),
	(error) => {
		process.stdout.write(error.message);
		process.exitCode = 1;
	},
);
