import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeRun, NodeToRun } from '../../../lab/nodeEngine/nodeEngine';
import { eventually } from '../../../lab/eventually';
import { writeBackup } from '../../support/writeBackup';
import { describeEngines } from '../support/engines';

jest.setTimeout(120_000);

const content = '\n-- PostgreSQL database dump complete\n';

describeEngines('running an operation over items', (n8n) => {
	/** A directory with backups of these days of January 2025. */
	async function backupsOf(...days: string[]): Promise<string> {
		const directory = await n8n().allowed();
		for (const day of days) await writeBackup(directory, { stamp: `202501${day}_020000`, content });
		return directory;
	}

	/** Lists the directory that each item names. */
	async function list(directories: string[], more: Partial<NodeToRun> = {}): Promise<NodeRun> {
		return await n8n().engine.run({
			node: 'pruneBackups',
			parameters: { operation: 'list', backupDirectory: '={{ $json.directory }}' },
			input: directories.map((directory) => ({ directory })),
			...more,
		});
	}

	const said = ({ outputs }: NodeRun) =>
		outputs.map((items) => items.map(({ json, pairedItem }) => [json.name ?? Object.keys(json), pairedItem]));

	test('makes an item of each job’s result and pairs it with its input item', async () => {
		const run = await list([await backupsOf('01', '02'), await backupsOf('03', '04')]);
		expect(said(run)).toEqual([
			[
				['n8n_20250102_020000.sql.gz', { item: 0 }],
				['n8n_20250101_020000.sql.gz', { item: 0 }],
				['n8n_20250104_020000.sql.gz', { item: 1 }],
				['n8n_20250103_020000.sql.gz', { item: 1 }],
			],
		]);
	});

	test('makes error items that hold nothing but the error, in the place of the item that failed', async () => {
		const directories = ['/nowhere/at/all', await backupsOf('01')];
		expect(said(await list(directories, { onError: 'continueRegularOutput' }))).toEqual([
			[
				[['error'], { item: 0 }],
				['n8n_20250101_020000.sql.gz', { item: 1 }],
			],
		]);
		// On the error output n8n itself adds the input item that the error belongs to.
		expect(said(await list(directories, { onError: 'continueErrorOutput' }))).toEqual([
			[['n8n_20250101_020000.sql.gz', { item: 1 }]],
			[[['directory', 'error'], { item: 0 }]],
		]);
	});

	test('makes error items of jobs that fail, and does the other jobs of the same item', async () => {
		const backupDirectory = await backupsOf('01', '02', '03');
		const damaged = 'n8n_20250102_020000.sql.gz';
		await truncate(join(backupDirectory, 'postgres', damaged), 10);
		const { outputs } = await n8n().engine.run({
			node: 'postgresBackup',
			parameters: { operation: 'verify', which: 'all', backupDirectory },
			onError: 'continueErrorOutput',
		});
		expect(outputs.map((items) => items.length)).toEqual([2, 1]);
		expect(Object.keys(outputs[1]![0]!.json)).toEqual(['error']);
		expect(outputs[1]![0]!.json.error).toContain(damaged);
	});

	/** Copies the file that each item names. */
	async function copy(names: string[], more: Partial<NodeToRun> = {}) {
		const place = await n8n().allowed();
		const backupDirectory = join(place, 'backups');
		await mkdir(backupDirectory);
		for (const name of names.filter((each) => each !== 'absent')) await writeFile(join(place, name), name);
		const running = n8n().engine.run({
			node: 'volumeArchive',
			parameters: {
				operation: 'copyFile',
				backupDirectory,
				file: `={{ ${JSON.stringify(place)} + '/' + $json.name }}`,
				options: { prefix: '={{ $json.name }}' },
			},
			input: names.map((name) => ({ name })),
			...more,
		});
		const copies = async () =>
			(await readdir(join(backupDirectory, 'env')).catch(() => []))
				.filter((name) => name.endsWith('.backup'))
				.map((name) => name.split('_')[0]);
		return { place, running, copies };
	}

	test('does the other items before it stops with the first failure, with the advice as its description', async () => {
		const { place, running, copies } = await copy(['first', 'absent', 'last']);
		const { status, error } = await running;
		expect({ status, error }).toMatchObject({
			status: 'error',
			error: {
				message: expect.stringContaining(join(place, 'absent')) as string,
				description: expect.stringMatching(/\S/) as string,
			},
		});
		expect(await copies()).toEqual(['first', 'last']);
	});

	/** What n8n has logged since. The engine’s output comes through a pipe, in its own time. */
	async function loggedSince(length: number, last: string): Promise<string[]> {
		await eventually(() => Promise.resolve(expect(n8n().engine.log.slice(length)).toContain(last)));
		return n8n().engine.log.slice(length).trimEnd().split('\n');
	}

	test('logs each error once, with the name of the node and what to do', async () => {
		const before = n8n().engine.log.length;
		await list(['/nowhere/at/all', '/nowhere/else/too'], { onError: 'continueErrorOutput' });
		const advice = 'Correct the path, or mount it into the container of n8n and of every worker.';
		expect(await loggedSince(before, '/else/too nor')).toEqual([
			`Node: Backup Directory: neither /nowhere/at/all nor /nowhere/at exists. ${advice}`,
			`Node: Backup Directory: neither /nowhere/else/too nor /nowhere/else exists. ${advice}`,
		]);
	});

	test('lets n8n log what stops the node without saying it twice again', async () => {
		const before = n8n().engine.log.length;
		await list(['/nowhere/at/all']);
		await copy(['first']).then(async ({ running }) => await running);
		const lines = await loggedSince(before, 'first: ');
		const [ours, ...n8nsOwn] = lines.filter((line) => line.includes('/nowhere/at/all'));
		expect(ours).toMatch(/^Node: Backup Directory: neither .* Correct the path/);
		expect(n8nsOwn).toEqual([expect.stringMatching(/^Backup Directory: neither/)]);
	});

	test('logs a line for each artifact that is done, and shows them below the output', async () => {
		const before = n8n().engine.log.length;
		const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
		const { hints } = await (await copy(names)).running;
		const line = (name: string) => expect.stringMatching(new RegExp(`${name}: 1 B in \\d+ ms$`)) as string;
		expect(await loggedSince(before, 'g: 1 B')).toEqual(names.map((name) => line(`Node: ${name}`)));
		const shown = names.slice(0, 5).map((name) => `${name}: 1 B in \\d+ ms`);
		expect(hints).toEqual([
			{
				message: expect.stringMatching(new RegExp(`^${[...shown, 'and 2 more'].join('; ')}$`)) as string,
				location: 'outputPane',
			},
		]);
	});

	describe('with Retry On Fail', () => {
		const retry = { retryOnFail: true, maxTries: 5, waitBetweenTries: 1000 } as const;

		test.each(['stopWorkflow', 'continueErrorOutput'] as const)(
			'and %s succeeds when the cause is gone at the next try',
			async (onError) => {
				const { place, running, copies } = await copy(['absent'], { retry, onError });
				await new Promise((resolve) => setTimeout(resolve, 300));
				await writeFile(join(place, 'absent'), 'there now');
				const { status, outputs } = await running;
				expect({ status, ...outputs.map((items) => items.length) }).toMatchObject({
					status: 'success',
					0: 1,
				});
				expect(await copies()).toEqual(['absent']);
			},
		);

		test('n8n tries again where errors become items only if the first item failed', async () => {
			const options = { retry: { ...retry, maxTries: 2 }, onError: 'continueErrorOutput' } as const;
			const last = await copy(['first', 'absent'], options);
			await last.running;
			expect(await last.copies()).toEqual(['first']);
			const first = await copy(['absent', 'last'], options);
			await first.running;
			expect(await first.copies()).toEqual(['last', 'last']);
			await rm(first.place, { recursive: true });
		});
	});
});
