import { mkdir, readFile, rm } from 'node:fs/promises';
import { NodeEngine } from '../../../lab/nodeEngine/nodeEngine';
import { startSwift, type SwiftServer } from '../../../lab/servers/swift';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

jest.setTimeout(120_000);

const temporary = temporaryDirectory();
let s3: SwiftServer;
beforeAll(async () => (s3 = await startSwift()), 240_000);
afterAll(async () => await s3.stop());

describe.each(['oldest', 'newest'] as const)('Off-Site Copy in the engine of the %s n8n', (core) => {
	it('copies to S3 with n8n’s own credential, lists, verifies, prunes and fetches', async () => {
		const root = temporary.path('backups');
		await mkdir(root);
		const old = await writeBackup(root, { stamp: '20250101_020000' });
		const path = await writeBackup(root, { stamp: '20250102_020000' });
		const before = await readFile(path);
		const engine = await NodeEngine.start({
			core,
			userFolder: temporary.path(),
			environment: { N8N_RESTRICT_FILE_ACCESS_TO: root },
		});
		const { endpoint, bucket, accessKeyId, secretAccessKey } = s3;
		const keys = { endpoint, region: 'us-east-1', accessKeyId, secretAccessKey, forcePathStyle: true };
		const run = async (operation: string, more: Record<string, unknown> = {}, credential = keys) =>
			await engine.run({
				node: 'offSiteCopy',
				parameters: {
					...{ operation, destination: 's3', bucket, keyPrefix: core, backupDirectory: root },
					...{ keepDays: 0, keepLast: 1, dryRun: false, ...more },
				},
				credentials: { s3: credential },
				onError: 'continueErrorOutput',
			});
		const place = `s3://${bucket}/${core}`;
		try {
			await expect(run('copy')).resolves.toMatchObject({
				outputs: [
					[
						{ json: { name: 'n8n_20250102_020000.sql.gz', outcome: 'copied', place } },
						{ json: { name: 'n8n_20250101_020000.sql.gz', outcome: 'copied', place } },
					],
					[],
				],
			});
			await expect(run('list')).resolves.toMatchObject({ outputs: [[{ json: { state: 'good' } }, {}], []] });
			await expect(run('verify')).resolves.toMatchObject({
				outputs: [[{ json: { result: 'passed' } }, { json: { result: 'passed' } }], []],
			});
			const locked = await run('prune', {}, { ...keys, ...s3.reader });
			expect(locked).toMatchObject({
				outputs: [[{ json: { action: 'keep' } }, { json: { deleted: false, locked: true } }], []],
			});
			expect(await readFile(`${old}.manifest.json`, 'utf8')).not.toContain('prunedAt');
			await expect(run('prune')).resolves.toMatchObject({
				outputs: [[{ json: { action: 'keep' } }, { json: { action: 'delete', deleted: true } }], []],
			});
			await rm(path);
			await rm(`${path}.manifest.json`);
			await expect(run('fetch')).resolves.toMatchObject({
				outputs: [[{ json: { path, outcome: 'fetched' } }], []],
			});
			expect(await readFile(path)).toEqual(before);
			await expect(readFile(old)).resolves.toBeDefined();
			const refused = await run('copy', {}, { ...keys, secretAccessKey: 'wrong-secret' });
			expect(refused).toMatchObject({
				outputs: [
					[],
					[{ json: { error: expect.stringContaining('did not accept the access key') as unknown } }],
				],
			});
			expect(JSON.stringify(refused)).not.toContain('wrong-secret');
			const blocked = await run('copy', { destination: 'directory', path: temporary.path('nas') });
			expect(blocked).toMatchObject({
				outputs: [
					[],
					[{ json: { error: expect.stringContaining('n8n does not allow nodes to use') as unknown } }],
				],
			});
		} finally {
			await engine.stop();
		}
	});
});
