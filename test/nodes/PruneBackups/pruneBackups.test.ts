import { writeBackup } from '../../support/writeBackup';
import { describeEngines } from '../support/engines';

jest.setTimeout(120_000);

describeEngines('Prune Backups', (n8n) => {
	async function run(more: { node?: string; typeVersion?: number; parameters?: Record<string, unknown> }) {
		const backupDirectory = await n8n().allowed();
		await writeBackup(backupDirectory, { stamp: '20250101_020000' });
		return await n8n().engine.run({
			node: 'pruneBackups',
			...more,
			parameters: { backupDirectory, ...more.parameters },
		});
	}

	test.each([
		[1, 'keep'],
		[2, undefined],
	])(
		'where no operation was saved, version %i does what it always did: action %s',
		async (typeVersion, action) => {
			const { status, outputs } = await run({ typeVersion });
			expect(status).toBe('success');
			expect(outputs[0]!.map(({ json }) => [json.name, json.action])).toEqual([
				['n8n_20250101_020000.sql.gz', action],
			]);
		},
	);

	test('as a tool of an AI agent it lists and reports, and deletes nothing', async () => {
		const asTool = (operation: string) =>
			run({ node: 'pruneBackupsTool', typeVersion: 2, parameters: { operation } });
		await expect(asTool('list')).resolves.toMatchObject({ status: 'success' });
		await expect(asTool('report')).resolves.toMatchObject({ status: 'success' });
		await expect(asTool('prune')).resolves.toMatchObject({
			status: 'error',
			error: {
				message: 'An AI agent may list backups and report on them, and nothing else.',
				description: expect.stringMatching(/^Choose/) as string,
			},
		});
	});
});
