/**
 * `npm test` runs everything, from an empty checkout on; `npm run test:unit`, `:servers` and `:e2e` a part.
 * More words narrow it down as in Jest: `npm run test:servers -- test/core/redis`.
 * The last line is always `N passed, N failed`, also when the tests could not begin.
 */
import { binary } from './lib/paths.ts';
import { build } from './lib/build.ts';
import { run, runToExit } from './lib/run.ts';
import { step } from './lib/step.ts';
import { prepareMeanwhile } from '../lab/n8n/beingPrepared.ts';
import { ensureN8n } from '../lab/n8n/ensureN8n.ts';
import { ensureSqliteAddon } from '../lab/n8n/sqliteAddon.ts';
import { ensurePrograms, testPrograms } from './setup/debianPackages.ts';

const projects = ['unit', 'servers', 'e2e'];
const [first, ...rest] = process.argv.slice(2);
const selected = first !== undefined && projects.includes(first) ? [first] : projects;
const filters = selected.length === 1 ? rest : process.argv.slice(2);

try {
	process.exitCode = await test();
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	console.log('0 passed, 1 failed');
	process.exitCode = 1;
}

async function test(): Promise<number> {
	if (selected.includes('servers') || selected.includes('e2e')) {
		await step('Server programs', () => ensurePrograms(testPrograms));
	}
	if (!selected.includes('e2e')) {
		await buildAndCheck();
		return await runJest();
	}
	// The download of n8n takes minutes: time for all that does without it, the first tests included.
	await using n8n = await prepareMeanwhile(async () => await step('n8n', prepareN8n));
	await buildAndCheck();
	return await runJest(n8n.env);
}

/** With the addon for SQLite, which one test needs; all others would wait for it there. */
async function prepareN8n(): Promise<void> {
	await ensureSqliteAddon(await ensureN8n());
}

async function buildAndCheck(): Promise<void> {
	await step('Building', build);
	if (selected.length === projects.length) {
		await step('Checking', () => run(process.execPath, ['scripts/check.ts']));
	}
}

async function runJest(env: NodeJS.ProcessEnv = {}): Promise<number> {
	const { exitCode } = await runToExit(
		process.execPath,
		[
			// Without it Jest cannot load packages that are ES modules only, such as execa.
			'--experimental-vm-modules',
			'--disable-warning=ExperimentalWarning',
			binary('jest'),
			...['--selectProjects', ...selected],
			...['--reporters', 'default', '--reporters', '<rootDir>/scripts/lib/tallyReporter.cjs'],
			'--maxWorkers=2',
			...(filters.length > 0 ? ['--testPathPatterns', ...filters] : []),
		],
		{ output: 'inherit', env },
	);
	return exitCode;
}
