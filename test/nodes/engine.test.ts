import { mkdir } from 'node:fs/promises';
import { NodeEngine } from '../../lab/nodeEngine/nodeEngine';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(60_000);

const temporary = temporaryDirectory();

describe.each(['oldest', 'newest'] as const)('a node in the engine of the %s n8n', (core) => {
	it('finds its backups, and says on the error output which path n8n blocks', async () => {
		const root = temporary.path('backups');
		await mkdir(root);
		const engine = await NodeEngine.start({
			core,
			userFolder: temporary.path(),
			environment: { N8N_RESTRICT_FILE_ACCESS_TO: root },
		});
		try {
			const list = async (backupDirectory: string) =>
				await engine.run({
					node: 'pruneBackups',
					parameters: { operation: 'list', backupDirectory },
					onError: 'continueErrorOutput',
				});

			await expect(list(root)).resolves.toMatchObject({ status: 'success', outputs: [[], []] });
			await expect(list(temporary.path('other'))).resolves.toMatchObject({
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
