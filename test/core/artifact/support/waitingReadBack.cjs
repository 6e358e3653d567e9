'use strict';
const { existsSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');

/** Finds nothing wrong, and takes until there is a file at the source's path. */
exports.assertReadBack = async (raw, facts) => {
	for await (const piece of raw) void piece;
	const { source } = await facts;
	while (!existsSync(source.path)) await setTimeout(5);
};
