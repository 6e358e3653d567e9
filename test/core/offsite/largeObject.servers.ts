import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { type Manifest, manifestPath } from '../../../core/artifact';
import { type CountingS3, startCountingS3 } from '../../../lab/servers/countingS3';
import { startCommand } from '../../../lab/command';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const megabyte = 1024 * 1024;
const bytes = 6 * 1024 * megabyte;

/** Of so many zeros, as `head -c 6442450944 /dev/zero | sha256sum` says. */
const sha256 = '5c32c2b28999325bc5ad39d6530bcb46fbdf1f86375a991b7269764c50b0d109';

const directory = temporaryDirectory();
let s3: CountingS3;
beforeAll(async () => (s3 = await startCountingS3()));
afterAll(async () => await s3.stop());

/** Runs it to its end, and sees how much memory it took at most. */
async function copyTo(place: string): Promise<{ exitCode: number; stderr: string; peakBytes: number }> {
	const { child, ended } = startCommand(['copy', '-d', directory.path('backups'), '--at', place], {
		AWS_ENDPOINT_URL: s3.endpoint,
		AWS_ACCESS_KEY_ID: 'key',
		AWS_SECRET_ACCESS_KEY: 'secret',
		// V8 lets its young generation grow by 32 MB in any process that runs for a while, some times more, some
		// times less. What is measured here is the copy.
		NODE_OPTIONS: '--max-semi-space-size=4',
	});
	let peakBytes = 0;
	const watch = setInterval(() => {
		void readFile(`/proc/${child.pid}/status`, 'utf8').then(
			(status) => (peakBytes = 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) || peakBytes),
			() => {},
		);
	}, 20);
	const { exitCode, stderr } = await ended;
	clearInterval(watch);
	return { exitCode, stderr, peakBytes };
}

describe('A file of 6 GB', () => {
	it('goes to S3 in parts of 5 MB, all of them listed, within 48 MB of memory', async () => {
		const root = directory.path('backups');
		await mkdir(root, { mode: 0o700 });
		await writeBackup(root, { stamp: '20250101_020000' });
		const idle = await copyTo('s3://bucket/idle');
		expect(idle).toMatchObject({ exitCode: 0, stderr: '' });

		const path = await writeBackup(root, { stamp: '20250102_020000' });
		const manifest = JSON.parse(await readFile(manifestPath(path), 'utf8')) as Manifest;
		await truncate(path, 0);
		await truncate(path, bytes);
		await writeFile(manifestPath(path), JSON.stringify({ ...manifest, storedBytes: bytes, sha256 }));
		const copied = await copyTo('s3://bucket/n8n');
		expect(copied).toMatchObject({ exitCode: 0, stderr: '' });

		const sizes = s3.completed.get('/bucket/n8n/postgres/n8n_20250102_020000.sql.gz')!;
		expect(sizes).toHaveLength(1229);
		expect(new Set(sizes.slice(0, -1))).toEqual(new Set([5 * megabyte]));
		expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
		expect(copied.peakBytes - idle.peakBytes).toBeLessThan(48 * megabyte);
	}, 1_200_000);
});
