import { join } from 'node:path';
import type { Bench } from '../harness/bench.ts';
import type { ArchiveJob } from '../harness/jobs.ts';
import { runShell } from '../harness/runShell.ts';
import { recipient } from '../data/recipient.ts';
import { createBigFiles, createSmallFiles } from '../data/volumeTrees.ts';

/** Two trees like parts of `~/.n8n`: a few big files, and the many small ones of community nodes. */
export async function measureVolumes(bench: Bench): Promise<void> {
	const { bytes, smallFiles } = bench.scale;
	const big = await bench.emptyDirectory('big');
	createBigFiles(big, bytes);
	await measureTree(bench, 'big files', big);
	const small = await bench.emptyDirectory('small');
	createSmallFiles(small, smallFiles);
	await measureTree(bench, `${smallFiles.toLocaleString('en')} small files`, small);
}

async function measureTree(bench: Bench, what: string, directory: string): Promise<void> {
	const peers = await bench.emptyDirectory('peers');
	const output = join(peers, 'archive');
	const repository = join(peers, 'restic');
	const restic = `RESTIC_PASSWORD=x restic -q --no-cache -r ${repository}`;
	const tar = `tar -C ${directory} -cf - .`;
	const [gzip, zstd] = [`Volume Archive, gzip, ${what}`, `Volume Archive, zstd, ${what}`];
	const unproven = `${zstd}, not read back`;
	const encrypted = (work: string) => `${work}, encrypted`;
	const archive =
		(method: 'gzip' | 'zstd', more: Partial<ArchiveJob> = {}) =>
		(backupDirectory: string): ArchiveJob => ({
			...{ kind: 'archive', directory, readBack: true, compression: { method }, backupDirectory },
			...more,
		});
	const encryption = { recipients: [recipient] };

	await bench.race(
		[
			bench.ours(gzip, archive('gzip')),
			bench.ours(zstd, archive('zstd')),
			bench.ours(unproven, archive('zstd', { readBack: false })),
			bench.ours(encrypted(gzip), archive('gzip', { encryption })),
			bench.ours(encrypted(zstd), archive('zstd', { encryption })),
			...bench.peer('tar czf', `tar -C ${directory} -czf ${output} .`),
			...bench.peer('tar | zstd -3', `${tar} | zstd -q -3 > ${output}`, { needs: 'zstd' }),
			...bench.peer('tar | zstd -T0 -3', `${tar} | zstd -q -T0 -3 > ${output}`, { needs: 'zstd' }),
			...bench.peer('tar | pigz', `${tar} | pigz > ${output}`, { needs: 'pigz', isAside: true }),
			...bench.peer('restic backup', `${restic} backup ${directory}`, {
				needs: 'restic',
				isAside: true,
				prepare: async () => {
					await bench.emptyDirectory('peers');
					await runShell(`${restic} init`);
				},
			}),
		],
		[
			[gzip, 'tar czf'],
			[gzip, 'tar | pigz'],
			[zstd, 'tar | zstd -3'],
			[zstd, 'tar | zstd -T0 -3'],
			[unproven, 'tar | zstd -3'],
			[encrypted(gzip), gzip],
			[encrypted(zstd), zstd],
			[zstd, 'restic backup'],
		],
	);
}
