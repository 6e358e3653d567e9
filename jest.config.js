'use strict';

/**
 * Tests exercise the compiled package, the very files that ship: imports of core/, nodes/, credentials/ and
 * cli/ are resolved into dist/. `npm run build` comes first; every test script does that.
 */
const shared = {
	testEnvironment: 'node',
	transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
	resolver: '<rootDir>/test/support/resolveShipped.cjs',
	modulePathIgnorePatterns: ['<rootDir>/.cache/'],
};

const project = (displayName, testMatch, more = {}) => ({ ...shared, displayName, testMatch, ...more });

module.exports = {
	// Most tests take milliseconds; on a machine that is busy five seconds are soon over.
	testTimeout: 30_000,
	// Jest's workers grow from file to file; one that has become large is started anew before the next.
	workerIdleMemoryLimit: '1GB',
	testSequencer: '<rootDir>/scripts/lib/longestFirst.cjs',
	// Of tests of one file that are said to run side by side.
	maxConcurrency: 2,
	projects: [
		project('unit', ['<rootDir>/test/{attacks,core,nodes,credentials,cli,docs,lab,scripts}/**/*.test.ts']),
		project('servers', ['<rootDir>/test/{attacks,core,nodes,cli,docs}/**/*.servers.ts']),
		project('e2e', ['<rootDir>/test/e2e/**/*.e2e.ts'], {
			testEnvironment: '<rootDir>/test/support/preparedN8n.ts',
		}),
	],
};
