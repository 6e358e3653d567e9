import { cpus, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { isInstalled } from '../../scripts/setup/debianPackages.ts';
import { run } from '../../scripts/lib/run.ts';

/** What the figures were made on. */
export function describeMachine(): Record<string, string | number> {
	const processors = cpus();
	return {
		processor: processors[0]?.model.trim() ?? 'unknown',
		cores: processors.length,
		memoryGigabytes: Math.round(totalmem() / 2 ** 30),
		system: `${process.platform} ${process.arch}`,
	};
}

/** How each program that takes part is asked for its version. */
const programs: Record<string, string[]> = {
	pg_dump: ['--version'],
	'redis-server': ['--version'],
	tar: ['--version'],
	gzip: ['--version'],
	pigz: ['--version'],
	zstd: ['--version'],
	restic: ['version'],
	rclone: ['version'],
	aws: ['--version'],
};

export async function describeVersions(): Promise<Record<string, string>> {
	const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
	const versions: Record<string, string> = {
		'n8n-nodes-backup': version,
		node: process.versions.node,
		zlib: process.versions.zlib ?? '',
		zstd: process.versions.zstd ?? '',
	};
	for (const [program, question] of Object.entries(programs)) {
		versions[`${program} (program)`] = isInstalled(program)
			? firstVersion(await run(program, question))
			: 'not installed';
	}
	return versions;
}

function firstVersion(output: string): string {
	return /\d+\.\d[\w.]*/.exec(output)?.[0] ?? output.trim();
}
