/** The node of the nightly workflow that restores the dump of the night. */
export const drillNode = 'Drill Postgres';

interface DrillItem {
	path: string;
	result: string;
	checks: Array<{ check: string; result: string; detail: string }>;
}

/** What the drill's item says, one line a check. @throws unless all passed */
export function readDrill(json: Record<string, unknown> | undefined): { text: string; faults: string[] } {
	if (json === undefined) return { text: 'Nothing was drilled.', faults: ['The dump was not drilled'] };
	const { path, result, checks } = json as unknown as DrillItem;
	const width = Math.max(...checks.map(({ check }) => check.length));
	const lines = checks.map(
		(found) => `  ${found.check.padEnd(width)}  ${found.result.padEnd(7)}  ${found.detail}`,
	);
	const faults = checks
		.filter((found) => found.result !== 'passed')
		.map((found) => `The drill’s check "${found.check}" is ${found.result}: ${found.detail}`);
	const text = [`The drill of ${path}: ${result}`, ...lines].join('\n');
	return { text, faults: result === 'passed' ? faults : [`The drill’s result is ${result}`, ...faults] };
}
