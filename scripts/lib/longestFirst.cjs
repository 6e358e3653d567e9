'use strict';
const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * What takes a minute or more, and most of what takes half of one, in the order in which it begins where nothing is known
 * of earlier runs. Two workers end at about the same time when what is long comes first. What needs n8n comes behind the
 * first two: there n8n is still being fetched.
 */
const longest = [
	'test/attacks/whole.servers.ts',
	'test/attacks/contained.servers.ts',
	'test/e2e/composeStack.e2e.ts',
	'test/e2e/nightlyBackup.e2e.ts',
	'test/core/postgres/embedded/honestLimits.servers.ts',
	'test/e2e/wholeRestore.e2e.ts',
	'test/attacks/restored.servers.ts',
	'test/e2e/sqliteNight.e2e.ts',
	'test/e2e/ownInstall.e2e.ts',
	'test/core/postgres/query/queryDump.servers.ts',
	'test/core/offsite/faults.servers.ts',
	'test/core/postgres/dump/everyAnswer.servers.ts',
	'test/core/artifact/interleaved.servers.ts',
	'test/core/offsite/busy.servers.ts',
	'test/core/redis/restore/dockerRestore.servers.ts',
	'test/core/postgres/embedded/bounds.servers.ts',
	'test/attacks/kept.servers.ts',
	'test/core/artifact/crash.servers.ts',
	'test/core/offsite/destinations.servers.ts',
	'test/core/postgres/dump/docker/dockerDump.servers.ts',
	'test/core/offsite/resume.servers.ts',
	'test/core/offsite/everyRequest.servers.ts',
	'test/core/postgres/restore/everyAnswer.servers.ts',
	'test/e2e/restoreForm.e2e.ts',
	'test/e2e/recoverForm.e2e.ts',
	'test/nodes/dockerOperations.servers.ts',
	'test/docs/update.servers.ts',
	'test/core/postgres/restore/replace.servers.ts',
	'test/core/postgres/restore/roundTrip.servers.ts',
	'test/core/postgres/embedded/encodings.servers.ts',
	'test/core/offsite/largeObject.servers.ts',
	'test/attacks/found.servers.ts',
	'test/core/postgres/connect/silence.servers.ts',
	'test/core/redis/restore/restoreRdb.servers.ts',
	'test/core/postgres/dump/longRows.servers.ts',
	'test/core/postgres/dump/cancellation.servers.ts',
	'test/core/postgres/verifyPostgres.test.ts',
	'test/cli/postgres.servers.ts',
	'test/docs/restore.servers.ts',
	'test/nodes/cancellation.servers.ts',
];

/** How long n8n may take to be there, in milliseconds of both workers. */
const fetchingN8n = 2 * 240_000;

/**
 * By what was measured in an earlier run, and what needs n8n behind enough of the rest; where nothing was measured,
 * {@link longest} first, and then by size.
 */
class LongestFirst extends Sequencer {
	static longest = longest;

	sort(tests) {
		const sorted = super.sort(tests);
		if (sorted.some(({ duration }) => duration !== undefined)) return meanwhileOthers(sorted);
		return sorted.sort((one, other) => place(one) - place(other));
	}
}

module.exports = { __esModule: true, default: LongestFirst };

function meanwhileOthers(sorted) {
	const needsN8n = ({ path }) => path.endsWith('.e2e.ts');
	const others = sorted.filter((test) => !needsN8n(test));
	let spent = 0;
	const meanwhile = others.filter(({ duration = 0 }) => {
		const isFirst = spent < fetchingN8n;
		spent += duration;
		return isFirst;
	});
	return [...meanwhile, ...sorted.filter(needsN8n), ...others.slice(meanwhile.length)];
}

function place({ path, context }) {
	const at = longest.indexOf(relative(context.config.rootDir, path));
	return at < 0 ? longest.length : at;
}
