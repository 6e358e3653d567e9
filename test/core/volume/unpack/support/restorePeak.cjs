'use strict';

/** Restores an archive in a process of its own and prints what became of it and the process's peak memory in MB. */
const { readFileSync } = require('node:fs');
const { restoreArchive } = require('../../../../../dist/core/volume/restoreArchive.js');

const [artifactPath, destination, mostMegabytes] = process.argv.slice(2);
const mostBytes = mostMegabytes === undefined ? undefined : Number(mostMegabytes) * 1024 * 1024;

restoreArchive({ artifactPath, destination, mostBytes }, new AbortController().signal)
	.then(
		({ entries }) => ({ entries }),
		({ code, message }) => ({ code, message }),
	)
	.then((outcome) => {
		// The kernel's own mark: getrusage's begins at the parent's.
		const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
		console.log(JSON.stringify({ ...outcome, peak }));
	});
