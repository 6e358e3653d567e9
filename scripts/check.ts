/** `npm run check`: types, lint and formatting. All three run, so that one look shows everything that is wrong. */
import { binary } from './lib/paths.ts';
import { runToExit } from './lib/run.ts';
import { step } from './lib/step.ts';

const checks: Array<[title: string, program: string, programArguments: string[]]> = [
	['Types', 'tsc', ['--project', 'tsconfig.tools.json']],
	['Lint', 'eslint', ['.', '--max-warnings', '0']],
	['Formatting', 'prettier', ['--check', '--log-level', 'warn', '.']],
];

for (const [title, program, programArguments] of checks) {
	await step(title, async () => {
		const { exitCode } = await runToExit(binary(program), programArguments, { output: 'inherit' });
		if (exitCode !== 0) process.exitCode = 1;
	});
}
