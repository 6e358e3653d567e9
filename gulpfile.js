'use strict';

const { parallel, src, dest } = require('gulp');
const { embeddedPostgres } = require('./gulp/embeddedPostgres');
const { pgDump } = require('./gulp/pgDump');

/** What n8n reads from disk beside the code: icons, codex files and the workflows to import. */
function assets() {
	const patterns = [
		'nodes/**/*.svg',
		'nodes/**/*.node.json',
		'credentials/**/*.svg',
		'icons/*.svg',
		'workflows/*.json',
	];
	// Without `encoding: false` gulp 5 reads every file as text.
	return src(patterns, { base: '.', encoding: false, allowEmpty: true }).pipe(dest('dist'));
}

exports.default = parallel(assets, pgDump, embeddedPostgres);
