'use strict';

/**
 * Loads a dump into the embedded PostgreSQL as a drill does, asks it, and writes the rows as JSON to standard output:
 * `node --liftoff-only loadAndAsk.cjs DIRECTORY DUMP SQL`. A process of its own, as a drill has.
 */
const { join } = require('node:path');

const core = (path) => require(join(process.cwd(), 'dist', 'core', 'postgres', path));
const { startEmbedded } = core('embedded/startEmbedded');
const { EmbeddedSession } = core('embedded/embeddedSession');
const { embeddedQueries } = core('embedded/embeddedQueries');
const { loadDump } = core('restore/loadDump');

async function main([directory, artifactPath, sql]) {
	const database = await startEmbedded({ directory, extensions: [] });
	const queries = embeddedQueries(database);
	await loadDump(
		{
			artifactPath,
			compression: 'gzip',
			target: { session: new EmbeddedSession(database), queries, serverMajor: 18 },
			options: { missingRoles: 'create' },
		},
		new AbortController().signal,
	);
	const { rows } = await queries.query(sql);
	process.stdout.write(JSON.stringify(rows), () => process.exit(0));
}

main(process.argv.slice(2)).catch((error) => {
	process.stderr.write(`${error.message}\n`, () => process.exit(1));
});
