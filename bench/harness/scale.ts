import type { Scale } from './bench.ts';

const megabyte = 1e6;

const full: Scale = {
	mode: 'full',
	bytes: 1000 * megabyte,
	smallFiles: 50_000,
	rounds: 5,
	asideRounds: 3,
	enoughSeconds: Infinity,
	growthBytes: [10 * megabyte, 100 * megabyte, 1000 * megabyte],
	growthTables: [10, 1000, 10_000],
	growthDatabases: [1, 500],
	growthRounds: 3,
};

const quick: Scale = {
	...full,
	mode: 'quick',
	bytes: 200 * megabyte,
	rounds: 3,
	asideRounds: 0,
	enoughSeconds: 2,
	growthBytes: [10 * megabyte, 100 * megabyte],
	growthTables: [10, 1000],
	growthDatabases: [1, 4],
	growthRounds: 1,
};

const huge: Scale = { ...full, mode: 'huge', growthBytes: [...full.growthBytes, 10_000 * megabyte] };

/** How much is measured: in full unless `--quick` or `--huge` is among the arguments. */
export function scaleOf(commandLine: readonly string[]): Scale {
	const unknown = commandLine.filter((word) => word !== '--quick' && word !== '--huge');
	if (unknown.length > 0) throw new Error(`What is ${unknown.join(' ')}? There are --quick and --huge.`);
	if (commandLine.includes('--quick')) return quick;
	return commandLine.includes('--huge') ? huge : full;
}
