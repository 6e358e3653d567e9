/** The node of the nightly workflow that restores the dump of the night. */
export const drillNode = 'Drill Postgres';

/** The one of the workflow for SQLite. */
export const sqliteDrillNode = 'Drill n8n Data';

interface DrillItem {
	name: string;
	result: string;
	duration: string;
	rows?: number;
	tables?: number;
	obstacle?: string;
	unknown?: string[];
}

/** What the drill's item says, and a fault for whatever was not proven. */
export function readDrill(json: Record<string, unknown> | undefined): { text: string; faults: string[] } {
	if (json === undefined) return { text: 'Nothing was drilled.', faults: ['The dump was not drilled'] };
	const { name, result, duration, rows, tables, obstacle, unknown = [] } = json as unknown as DrillItem;
	const compared = rows === undefined ? [] : [`${rows} rows in ${tables} tables compared`];
	const lines = [...(obstacle === undefined ? [] : [obstacle]), ...unknown];
	const text = [
		[`The drill of ${name}: ${result} in ${duration}`, ...compared].join(', '),
		...lines.map((line) => `  ${line}`),
	].join('\n');
	const faults = unknown.map((sentence) => `The drill could not try everything: ${sentence}`);
	return { text, faults: result === 'passed' ? faults : [`The drill’s result is ${result}`, ...faults] };
}
