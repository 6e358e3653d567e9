import { whyNoDocker } from '../../../../lab/servers/docker.ts';

/**
 * `describe` for tests that need a real Docker Engine. Where there can be none they are skipped, and the report
 * says why; with CI=true that is an error instead.
 */
export function describeDocker(title: string, tests: () => void): void {
	const reason = whyNoDocker();
	if (reason === undefined) describe(title, tests);
	else describe.skip(`${title} (${reason})`, tests);
}
