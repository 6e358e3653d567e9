import type { IExecuteFunctions } from 'n8n-workflow';
import { basename } from 'node:path';
import { plan as planPrune } from '../../../nodes/PruneBackups/actions/prune.operation';
import { chooseArtifact, chooseArtifacts } from '../../../nodes/shared/artifactParameter';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const ours = 'a1b2'.repeat(16);
const theirs = 'c3d4'.repeat(16);
const add = async (stamp: string, instanceId: string | undefined, prefix = 'n8n') =>
	await writeBackup(directory.path(), { stamp, prefix, manifest: { instanceId } });

/** As much of n8n as the parameters of an operation need: files are real. */
function n8n(parameters: Record<string, unknown> = {}) {
	const all: Record<string, unknown> = { backupDirectory: directory.path(), artifact: '', ...parameters };
	const hints: string[] = [];
	const context = {
		getNodeParameter: (name: string, _item: number, fallback: unknown) => all[name] ?? fallback,
		getTimezone: () => 'utc',
		getInstanceId: () => ours,
		addExecutionHints: ({ message }: { message: string }) => hints.push(message),
		helpers: {
			resolvePath: async (path: string) => await Promise.resolve(path),
			isFilePathBlocked: () => false,
		},
	} as unknown as IExecuteFunctions;
	return { context, hints };
}

describe('the backup that a node’s parameters mean', () => {
	it('is the newest of this n8n, and the editor tells of the others', async () => {
		await add('20261122_020000', ours);
		await add('20261123_020000', theirs);
		const { context, hints } = n8n();
		expect((await chooseArtifact(context, 0, ['postgres'])).name).toBe('n8n_20261122_020000.sql.gz');
		expect(hints).toEqual([
			expect.stringMatching(/^There are also backups of instance c3d4c3d4c3d4\. To take them, set Instance;/),
		]);
	});

	it('is another n8n’s only when that is asked for', async () => {
		await add('20261123_020000', theirs);
		await expect(chooseArtifact(n8n().context, 0, ['postgres'])).rejects.toThrow(
			'no good postgres backup of instance a1b2a1b2a1b2, only postgres/n8n of instance c3d4c3d4c3d4.',
		);
		const asked = [{ artifactInstance: 'c3d4c3d4c3d4' }, { artifact: 'n8n_20261123_020000.sql.gz' }];
		for (const parameters of asked) {
			const { name } = await chooseArtifact(n8n(parameters).context, 0, ['postgres']);
			expect(name).toBe('n8n_20261123_020000.sql.gz');
		}
	});

	it('is of an unknown n8n only when that is asked for', async () => {
		await add('20261123_020000', undefined);
		await expect(chooseArtifact(n8n().context, 0, ['postgres'])).rejects.toMatchObject({ code: 'not-found' });
		const { context } = n8n({ artifactInstance: 'unknown' });
		expect((await chooseArtifact(context, 0, ['postgres'])).name).toBe('n8n_20261123_020000.sql.gz');
	});

	it('is for a drill one of each database', async () => {
		await add('20261121_020000', ours);
		await add('20261122_020000', ours);
		await add('20261122_020001', ours, 'crm');
		await add('20261123_020000', theirs);
		const chosen = await chooseArtifacts(n8n().context, 0, ['postgres']);
		expect(chosen.map(({ name }) => name)).toEqual([
			'crm_20261122_020001.sql.gz',
			'n8n_20261122_020000.sql.gz',
		]);
		const onlyCrm = await chooseArtifacts(n8n({ artifactPrefix: 'crm' }).context, 0, ['postgres']);
		expect(onlyCrm.map(({ path }) => basename(path))).toEqual(['crm_20261122_020001.sql.gz']);
	});
});

describe('a prune by a node', () => {
	const deletes = async (options: object) => {
		const parameters = { keepDays: 0, keepLast: 1, dryRun: true, options };
		const jobs = await planPrune(n8n(parameters).context, 0);
		const items = await Promise.all(jobs.map(async (job) => await job(new AbortController().signal)));
		return items.filter(({ action }) => action === 'delete').map(({ name }) => name);
	};

	it('judges what this n8n has made, and another’s only when that is asked for', async () => {
		for (const day of ['01', '02']) {
			await add(`202501${day}_020000`, ours);
			await add(`202501${day}_030000`, theirs);
		}
		expect(await deletes({})).toEqual(['n8n_20250101_020000.sql.gz']);
		expect((await deletes({ otherInstances: true })).sort()).toEqual([
			'n8n_20250101_020000.sql.gz',
			'n8n_20250101_030000.sql.gz',
		]);
	});
});
