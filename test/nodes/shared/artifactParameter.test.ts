import type { NodeRun } from '../../../lab/nodeEngine/nodeEngine';
import { writeBackup } from '../../support/writeBackup';
import { describeEngines } from '../support/engines';

jest.setTimeout(120_000);

const theirs = 'c3d4'.repeat(16);
const content = '\n-- PostgreSQL database dump complete\n';

describeEngines('the backup that a node’s parameters mean', (n8n) => {
	let root: string;

	beforeEach(async () => (root = await n8n().allowed()));

	const ours = () => n8n().engine.instanceId;
	const add = async (stamp: string, instanceId: string | undefined, prefix = 'n8n') =>
		await writeBackup(root, { stamp, prefix, content, manifest: { instanceId } });

	/** Restores by a server that does not answer: whichever backup was chosen is known by then. */
	async function choose(parameters: Record<string, unknown> = {}, operation = 'drill'): Promise<NodeRun> {
		return await n8n().engine.run({
			node: 'postgresBackup',
			parameters: { operation, drillPlace: 'server', backupDirectory: root, ...parameters },
			credentials: { postgres: { host: '127.0.0.1', port: 1, user: 'u', password: 'p', database: 'd' } },
			onError: 'continueRegularOutput',
		});
	}

	/** The names of the backups that the errors are about; an error about none is answered whole. */
	const chosen = ({ outputs }: NodeRun) =>
		outputs[0]!.map(({ json }) => /[^/ ]+\.sql\.gz/.exec(String(json.error))?.[0] ?? json.error);

	test('is the newest of this n8n, and the editor tells of the others', async () => {
		await add('20261122_020000', ours());
		await add('20261123_020000', theirs);
		const run = await choose();
		expect(chosen(run)).toEqual(['n8n_20261122_020000.sql.gz']);
		expect(run.hints?.map(({ message }) => message)).toEqual([
			expect.stringMatching(/^There are also backups of instance c3d4c3d4c3d4\. To take them, set Instance;/),
		]);
	});

	test('is another n8n’s only when that is asked for', async () => {
		await add('20261123_020000', theirs);
		const { outputs } = await choose();
		expect(outputs[0]!.map(({ json }) => json.error)).toEqual([
			expect.stringContaining(
				`no good postgres backup of instance ${ours().slice(0, 12)}, only postgres/n8n of instance c3d4c3d4c3d4.`,
			),
		]);
		const asked = [{ artifactInstance: 'c3d4c3d4c3d4' }, { artifact: 'n8n_20261123_020000.sql.gz' }];
		for (const parameters of asked)
			expect(chosen(await choose(parameters))).toEqual(['n8n_20261123_020000.sql.gz']);
	});

	test('is of an unknown n8n only when that is asked for', async () => {
		await add('20261123_020000', undefined);
		expect(chosen(await choose())).toEqual([expect.stringContaining('no good postgres backup of instance')]);
		expect(chosen(await choose({ artifactInstance: 'unknown' }))).toEqual(['n8n_20261123_020000.sql.gz']);
	});

	test('is what was chosen from the list, or the name that was typed before there was one', async () => {
		await add('20261121_020000', ours());
		await add('20261122_020000', ours());
		await add('20261122_020001', ours(), 'crm');
		const name = 'n8n_20261121_020000.sql.gz';
		const located = (value: string, mode = 'list') => ({ artifact: { __rl: true, mode, value } });
		for (const parameters of [
			located(name),
			located(name, 'name'),
			{ artifact: name },
			{ artifact: `={{ '${name}' }}` },
		])
			expect(chosen(await choose(parameters))).toEqual([name]);
		const newest = ['crm_20261122_020001.sql.gz', 'n8n_20261122_020000.sql.gz'];
		for (const parameters of [located('newest'), located('', 'name'), { artifact: '' }, {}]) {
			expect(chosen(await choose(parameters))).toEqual(newest);
			expect(chosen(await choose({ ...parameters, artifactPrefix: 'n8n' }))).toEqual(newest.slice(1));
		}
	});

	test('is for a drill one of each database', async () => {
		await add('20261121_020000', ours());
		await add('20261122_020000', ours());
		await add('20261122_020001', ours(), 'crm');
		await add('20261123_020000', theirs);
		expect(chosen(await choose())).toEqual(['crm_20261122_020001.sql.gz', 'n8n_20261122_020000.sql.gz']);
		expect(chosen(await choose({ artifactPrefix: 'crm' }))).toEqual(['crm_20261122_020001.sql.gz']);
	});

	test('is the one with the name that a path ends with, in the backup directory and nowhere else', async () => {
		await add('20261121_020000', ours());
		const elsewhere = '/etc/postgres/n8n_20261121_020000.sql.gz';
		expect(chosen(await choose({ artifact: elsewhere }))).toEqual(['n8n_20261121_020000.sql.gz']);
		const { outputs } = await choose({ artifact: '../../../../etc/passwd' });
		expect(outputs[0]!.map(({ json }) => json.error)).toEqual([expect.stringMatching(/\bpasswd\b/)]);
	});
});

describeEngines('a prune by a node', (n8n) => {
	test('judges what this n8n has made, and another’s only when that is asked for', async () => {
		const backupDirectory = await n8n().allowed();
		for (const day of ['01', '02']) {
			await writeBackup(backupDirectory, {
				stamp: `202501${day}_020000`,
				manifest: { instanceId: n8n().engine.instanceId },
			});
			await writeBackup(backupDirectory, { stamp: `202501${day}_030000`, manifest: { instanceId: theirs } });
		}
		const deletes = async (options: object) => {
			const { outputs } = await n8n().engine.run({
				node: 'pruneBackups',
				parameters: { operation: 'prune', backupDirectory, keepDays: 0, keepLast: 1, dryRun: true, options },
			});
			return outputs[0]!.filter(({ json }) => json.action === 'delete').map(({ json }) => json.name);
		};
		expect(await deletes({})).toEqual(['n8n_20250101_020000.sql.gz']);
		expect((await deletes({ otherInstances: true })).sort()).toEqual([
			'n8n_20250101_020000.sql.gz',
			'n8n_20250101_030000.sql.gz',
		]);
	});
});
