'use strict';

const path = require('node:path');

const root = path.resolve(__dirname, '..', '..');
const tests = path.join(root, 'test') + path.sep;
const shipped = /^(?:core|nodes|credentials|cli)(?:\/|$)/;

/** Jest resolver: what a test imports of core/, nodes/, credentials/ and cli/ is the compiled file in dist/. */
module.exports = (request, options) => {
	if (request.startsWith('.') && `${options.basedir}${path.sep}`.startsWith(tests)) {
		const relative = path.relative(root, path.resolve(options.basedir, request));
		if (shipped.test(relative)) return options.defaultResolver(path.join(root, 'dist', relative), options);
	}
	return options.defaultResolver(request, options);
};
