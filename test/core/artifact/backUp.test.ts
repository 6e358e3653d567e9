import { mkdir, writeFile } from 'node:fs/promises';
import { backUp, type Progress } from '../../../core/artifact';
import { copyFile } from '../../../core/volume/copyFile';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();

test('a backup expects about as many bytes as the last good one of its series had', async () => {
	const [root, path] = [directory.path('backups'), directory.path('.env')];
	await mkdir(root);
	const totals: Array<Array<Progress['totalBytes']>> = [];
	for (const [prefix, content] of [
		['env', 'x'.repeat(100_000)],
		['other', 'x'.repeat(300_000)],
		['env', 'x'.repeat(200_000)],
	] as const) {
		await writeFile(path, content);
		const seen = new Set<Progress['totalBytes']>();
		const request = {
			...{ root, component: 'env' as const, prefix, extension: 'backup', timeZone: 'utc' },
			...{ compression: { method: 'none' as const }, step: 'Copying' },
			onProgress: ({ totalBytes }: Progress) => seen.add(totalBytes),
		};
		await backUp(request, copyFile({ path }), new AbortController().signal);
		totals.push([...seen]);
	}
	expect(totals).toEqual([[undefined], [undefined], [100_000]]);
});
