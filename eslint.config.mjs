import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';
import { globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const shipped = ['core/**/*.ts', 'nodes/**/*.ts', 'credentials/**/*.ts', 'cli/**/*.ts'];
const tools = ['scripts/**/*.ts', 'lab/**/*.ts', 'bench/**/*.ts', 'attacks/**/*.ts', 'test/**/*.ts'];

/**
 * n8n's rules come with their own, older copy of typescript-eslint, which does not know TypeScript 5.9.
 * ESLint accepts one copy only, so ours takes its place.
 */
const n8nRules = configWithoutCloudSupport.map((config) => ({
	...config,
	...(config.plugins?.['@typescript-eslint'] && {
		plugins: { ...config.plugins, '@typescript-eslint': tseslint.plugin },
	}),
	...(config.languageOptions?.parser && {
		languageOptions: { ...config.languageOptions, parser: tseslint.parser },
	}),
}));

/** n8n's rules about nodes, to be switched off where there are no nodes. */
const communityRules = Object.keys(
	configWithoutCloudSupport.find((config) => config.plugins?.['@n8n/community-nodes']).plugins[
		'@n8n/community-nodes'
	].rules,
).map((rule) => `@n8n/community-nodes/${rule}`);

const processes = {
	regex: '^(node:)?child_process$|^execa$',
	message:
		'Programs are started by core/process/run.ts only: argv arrays, secrets kept out, nothing left running.',
};
const outsideCore = {
	regex: '^n8n-|^@n8n/|/(nodes|credentials|cli)/',
	message: 'core/ knows nothing of n8n, and dependencies point one way: nodes, cli -> core.',
};
const retention = {
	regex: '/retention(/|$)',
	message:
		'Deciding what to delete belongs to the Prune node and the CLI alone; the report says what they would.',
};
/** What the rooms below know nothing of, so that each can be read, and used, by itself. */
const artifacts = {
	regex: '/artifact(/|$)',
	message: 'Files, compression and tar are what artifacts are made of: they know nothing of artifacts.',
};
const databases = {
	regex: '/postgres(/|$)',
	message: 'core/postgres asks core/n8n what belongs to n8n, never the other way.',
};
const restrictImports = (...patterns) => ({
	'@typescript-eslint/no-restricted-imports': ['error', { patterns }],
});

export default tseslint.config(
	globalIgnores(['dist/', '.cache/', 'coverage/', 'node_modules/']),
	...n8nRules,
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommendedTypeChecked],
		languageOptions: {
			parserOptions: { project: 'tsconfig.tools.json', tsconfigRootDir: import.meta.dirname },
		},
		rules: {
			eqeqeq: 'error',
			'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
			'no-param-reassign': 'error',
			'object-shorthand': 'error',
			'@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
			'@typescript-eslint/no-explicit-any': 'error',
			// With noUncheckedIndexedAccess, "!" is how one says that an index is within bounds.
			'@typescript-eslint/no-non-null-assertion': 'off',
			// `using _ = …` is held for its end alone.
			'@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$' }],
			'@typescript-eslint/prefer-nullish-coalescing': 'error',
			'@typescript-eslint/prefer-optional-chain': 'error',
			'@typescript-eslint/switch-exhaustiveness-check': [
				'error',
				{ considerDefaultExhaustiveForUnions: true },
			],
			// An async function without await turns what it throws into a rejection, which is what its callers expect.
			'@typescript-eslint/require-await': 'off',
			// Options with functions in them are meant to be taken apart.
			'@typescript-eslint/unbound-method': 'off',
			// TypeScript itself answers these, and knows more of the packages than the plugin's parser does.
			'import-x/named': 'off',
			'import-x/namespace': 'off',
			'import-x/no-unresolved': 'off',
			'import-x/no-named-as-default': 'off',
			'import-x/no-named-as-default-member': 'off',
		},
	},
	{ files: shipped, rules: restrictImports(processes) },
	{ files: ['core/**/*.ts'], rules: restrictImports(processes, outsideCore, retention) },
	{
		files: ['core/files/**/*.ts', 'core/compression/**/*.ts', 'core/tar/**/*.ts'],
		rules: restrictImports(processes, outsideCore, retention, artifacts),
	},
	{ files: ['core/n8n/**/*.ts'], rules: restrictImports(processes, outsideCore, retention, databases) },
	{
		files: ['core/retention/**/*.ts', 'core/report/**/*.ts'],
		rules: restrictImports(processes, outsideCore),
	},
	// The one file that starts programs.
	{ files: ['core/process/run.ts'], rules: restrictImports(outsideCore, retention) },
	{
		// Not loaded by n8n: its conventions for nodes say nothing here, and a terminal is where these write.
		files: [...tools, 'cli/**/*.ts', 'core/**/*.ts'],
		rules: Object.fromEntries(communityRules.map((rule) => [rule, 'off'])),
	},
	{ files: [...tools, 'cli/**/*.ts'], rules: { 'no-console': 'off' } },
	{
		files: ['core/**/*.ts', 'nodes/**/*.ts'],
		// Another machine's times are compared with this one's.
		ignores: ['core/offsite/**', 'core/doctor/clock.ts'],
		rules: {
			'no-restricted-properties': [
				'error',
				{
					...{ object: 'Date', property: 'now' },
					message:
						'Clocks are set. What lasts is measured by performance.now(); what is written down is new Date().',
				},
			],
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			// People pick the PostgreSQL and Redis credentials that their n8n has already: that is the point.
			'@n8n/community-nodes/no-credential-reuse': 'off',
			// What deletes and overwrites is not for a language model to call. What only reads, Prune Backups offers.
			'@n8n/community-nodes/node-usable-as-tool': 'off',
			// What is chosen there are names; patterns are understood as well, and it says so.
			'n8n-nodes-base/node-param-display-name-wrong-for-dynamic-multi-options': 'off',
			'n8n-nodes-base/node-param-description-wrong-for-dynamic-multi-options': 'off',
			// They are made of the operations' names; the rule sees only literals.
			'n8n-nodes-base/node-class-description-missing-subtitle': 'off',
			// All that a node does is done to one thing, its backups: a resource to choose first would be the only one.
			'@n8n/community-nodes/resource-operation-pattern': 'off',
		},
	},
	{
		files: ['credentials/*.credentials.ts'],
		rules: {
			// The nodes test them (testedBy in nodes/shared); the rule sees only literals.
			'@n8n/community-nodes/credential-test-required': 'off',
		},
	},
	{
		files: ['credentials/BackupEncryptionAgeApi.credentials.ts'],
		rules: {
			// It is no API, and age writes its name in lower case. Its identity is a private key.
			'n8n-nodes-base/cred-class-field-display-name-miscased': 'off',
			'n8n-nodes-base/cred-class-field-display-name-missing-api': 'off',
			'@n8n/community-nodes/credential-unnecessary-password': 'off',
		},
	},
	{
		files: ['test/**/*.ts'],
		rules: {
			// Jest's expect.stringMatching() and its like are `any` by their types.
			'@typescript-eslint/no-unsafe-assignment': 'off',
			'max-lines': 'off',
		},
	},
	{
		files: ['package.json'],
		rules: {
			// Asked of packages that n8n is to verify. This one reads and writes files, so it never can be, whatever
			// it depends on; and its authors are a group that has neither an address nor a web site.
			'@n8n/community-nodes/no-runtime-dependencies': 'off',
			'@n8n/community-nodes/require-homepage': 'off',
			'@n8n/community-nodes/valid-author': 'off',
			'n8n-nodes-base/community-package-json-author-name-missing': 'off',
			// For a development dependency alone: the tools' pg_dump would ask for another version of the embedded PostgreSQL.
			'@n8n/community-nodes/no-overrides-field': 'off',
		},
	},
);
