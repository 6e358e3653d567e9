import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Artifact, createArtifact } from '../../../core/artifact';
import { verifyBackup } from '../../../core/verify/verifyBackup';
import { copyFile } from '../../../core/volume/copyFile';
import { restoreFile } from '../../../core/volume/restoreFile';
import { mountBind, mountExfat } from '../../../lab/mounts';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { directoryState } from '../../../attacks/judges/directoryState.ts';

const directory = temporaryDirectory();
const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;
const content = 'N8N_ENCRYPTION_KEY=of-the-test\n';

async function backUp(root: string): Promise<Artifact> {
	await writeFile(directory.path('.env'), content);
	const request = {
		root,
		component: 'env' as const,
		prefix: 'env',
		extension: 'backup',
		compression: { method: 'none' as const },
		timeZone: 'utc',
		step: 'testing',
	};
	return await createArtifact(request, copyFile({ path: directory.path('.env') }), never);
}

/** Mounting file systems takes root. */
(isRoot ? describe : describe.skip)('on an exFAT disk (skipped unless root)', () => {
	it('a backup is made, and what the disk cannot do is said in one sentence', async () => {
		await using disk = await mountExfat(directory.path('usb'));
		const { path, manifest } = await backUp(disk.path);

		expect(manifest.warnings).toEqual([
			`The file system of ${disk.path}/env does not take permissions and hard links: how that disk is mounted decides who may read what is there.`,
		]);
		const state = await directoryState(`${disk.path}/env`);
		expect(state).toEqual({ complete: [manifest.artifact], completable: [], broken: [], partial: [] });
		const verified = await verifyBackup({ path }, never);
		expect(verified).toMatchObject({ result: 'passed', recorded: true });
		expect(await readdir(`${disk.path}/env`)).toHaveLength(2);
	});

	it('a name that is taken is not replaced, though the disk has no links to tell', async () => {
		await using disk = await mountExfat(directory.path('usb'));
		const first = await backUp(disk.path);
		const second = await backUp(disk.path);
		expect(second.path).not.toBe(first.path);
		expect((await directoryState(`${disk.path}/env`)).complete).toHaveLength(2);
	});

	it('a file is restored, and what the disk cannot do is said', async () => {
		await mkdir(directory.path('backups'));
		const { path } = await backUp(directory.path('backups'));
		await using disk = await mountExfat(directory.path('usb'));
		const destination = `${disk.path}/.env`;
		const restored = await restoreFile({ artifactPath: path, destination }, never);
		expect(restored).toEqual({
			bytes: content.length,
			warnings: [`The file system of ${disk.path} does not take hard links.`],
		});
		expect(await readFile(destination, 'utf8')).toBe(content);
		expect(await readdir(disk.path)).toEqual(['.env']);
	});

	it('a restore onto a full disk names the destination, not the artifact', async () => {
		const artifactPath = directory.path('large.backup');
		await writeFile(artifactPath, Buffer.alloc(12 * 1024 * 1024, 1));
		await using disk = await mountExfat(directory.path('usb'), 8);
		const destination = `${disk.path}/.env`;
		await expect(restoreFile({ artifactPath, destination }, never)).rejects.toThrow(
			`There was no space left to write ${destination}. Free space`,
		);
		expect(await readdir(disk.path)).toEqual([]);
	});

	it('a backup onto a full disk leaves nothing', async () => {
		await using disk = await mountExfat(directory.path('usb'), 8);
		const request = { root: disk.path, component: 'redis' as const, prefix: 'dump', extension: 'rdb' };
		const facts = {
			source: { host: 'db' },
			engine: { name: 'built-in' as const, version: '1' },
			census: { kind: 'file' as const },
			warnings: [],
		};
		const open = async () =>
			await Promise.resolve({
				stream: Readable.from([Buffer.alloc(12 * 1024 * 1024)], { objectMode: false }),
				finished: Promise.resolve(facts),
			});
		const more = { compression: { method: 'none' as const }, timeZone: 'utc', step: 'testing' };
		await expect(createArtifact({ ...request, ...more }, open, never)).rejects.toThrow(
			/There was no space left to write .*\/redis\/dump_\d+_\d+\.rdb\. Free space/,
		);
		expect(await readdir(`${disk.path}/redis`)).toEqual([]);
	});
});

/** As a file server with squashed owners: it keeps its own permissions and owners. */
(isRoot ? describe : describe.skip)('on a share that refuses chmod and chown (skipped unless root)', () => {
	it('a backup is made, and both are said in one sentence', async () => {
		await mkdir(directory.path('exported'));
		await mkdir(directory.path('exported', 'env'), { mode: 0o755 });
		await chown(directory.path('exported'), 1000, 1000);
		await chown(directory.path('exported', 'env'), 1000, 1000);
		await using share = await mountBind(directory.path('exported'), directory.path('share'), [
			...['--chmod-deny', '--chown-deny', '--chgrp-deny'],
		]);
		const { manifest } = await backUp(share.path);
		expect(manifest.warnings).toEqual([
			`The file system of ${share.path}/env does not take permissions and owners: how that disk is mounted decides who may read what is there.`,
		]);
		const written = JSON.parse(
			await readFile(`${share.path}/env/${manifest.artifact}.manifest.json`, 'utf8'),
		) as typeof manifest;
		expect(written.warnings).toEqual(manifest.warnings);
		expect((await stat(`${share.path}/env`)).mode & 0o777).toBe(0o755);
	});
});
