'use strict';
const { existsSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');

/** Proves nothing, and takes until there is a file at the source's path. */
exports.prove = async (raw, facts) => {
	for await (const piece of raw) void piece;
	const { source } = await facts;
	while (!existsSync(source.path)) await setTimeout(5);
};
