'use strict';
/**
 * Makes one small backup in a process of its own, for tests that end it at a chosen call or have a call fail.
 *
 * @param argv backup directory, time at which the run starts (ISO 8601), what the backup holds, whom it is encrypted
 * for if anybody
 */
const { Readable } = require('node:stream');
const [root, startedAt, content, recipient] = process.argv.slice(2);

const RealDate = Date;
const now = RealDate.parse(startedAt);
global.Date = class extends RealDate {
	constructor(...parts) {
		super(...(parts.length > 0 ? parts : [now]));
	}
	static now() {
		return now;
	}
};

const { createArtifact } = require('../../../../dist/core/artifact');
const request = {
	...{ root, component: 'env', prefix: 'env', extension: 'backup', compression: { method: 'none' } },
	...{ timeZone: 'utc', step: 'testing' },
	encryption: recipient ? { recipients: [recipient] } : undefined,
};
const facts = {
	source: { path: '/.env' },
	engine: { name: 'built-in', version: '1' },
	census: { kind: 'file' },
	warnings: [],
};
const open = async () => ({
	stream: Readable.from([Buffer.from(content)], { objectMode: false }),
	finished: Promise.resolve(facts),
});

createArtifact(request, open, new AbortController().signal).then(
	(artifact) => process.stdout.write(JSON.stringify(artifact)),
	(error) => {
		process.stdout.write(
			JSON.stringify({ error: { name: error.name, code: error.code, message: error.message } }),
		);
		process.exitCode = 1;
	},
);
