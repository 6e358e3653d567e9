import { parseArgs } from 'node:util';
import type { Scale } from './bench.ts';

const megabyte = 1e6;

const full: Scale = {
	mode: 'full',
	bytes: 1000 * megabyte,
	smallFiles: 50_000,
	manyTables: 10_000,
	manyDatabases: 100,
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
	manyTables: 1000,
	manyDatabases: 10,
	rounds: 3,
	asideRounds: 0,
	enoughSeconds: 2,
	growthBytes: [10 * megabyte, 100 * megabyte],
	growthTables: [10, 1000],
	growthDatabases: [1, 4],
	growthRounds: 1,
};

const huge: Scale = { ...full, mode: 'huge', growthBytes: [...full.growthBytes, 10_000 * megabyte] };

/** What can be measured by itself. */
export const parts = ['postgres', 'redis', 'volumes', 'offsite'] as const;

export type Part = (typeof parts)[number];

/** What a command line asks for. */
export interface Plan {
	/** Full unless `--quick` or `--huge` is among the arguments. */
	scale: Scale;
	/** All of them unless `--only` names one. */
	parts: readonly Part[];
	/** The `dist` directories of other builds, to be compared with this one instead of with peers. */
	beside: readonly string[];
}

export function planOf(commandLine: readonly string[]): Plan {
	const { values } = parseArgs({
		args: [...commandLine],
		options: {
			quick: { type: 'boolean' },
			huge: { type: 'boolean' },
			only: { type: 'string' },
			beside: { type: 'string', multiple: true },
		},
	});
	const scale = values.quick ? quick : values.huge ? huge : full;
	const beside = values.beside ?? [];
	if (values.only === undefined) return { scale, parts, beside };
	const part = parts.find((name) => name === values.only);
	if (part === undefined) throw new Error(`--only takes one of ${parts.join(', ')}.`);
	return { scale, parts: [part], beside };
}
