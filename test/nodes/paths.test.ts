import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeRun } from '../../lab/nodeEngine/nodeEngine';
import { describeTree } from '../support/describeTree';
import { makeBackups } from '../support/makeBackups';
import { allParameters } from './support/descriptions';
import { describeEngines, type Surroundings } from './support/engines';
import { notPaths, type PathParameter, pathParameters } from './support/pathParameters';

jest.setTimeout(120_000);

/** Servers that do not answer: what a path does is decided before anybody is asked. */
const credentials = {
	postgres: { host: '127.0.0.1', port: 1, user: 'u', password: 'p', database: 'd', ssl: 'disable' },
	redis: { host: '127.0.0.1', port: 1 },
};

const unlike = (parameter: string) => `${parameter} has no row in pathParameters and no reason in notPaths`;

test('every text that can be typed into a node is known as a path of n8n’s or as none', () => {
	const texts = allParameters().filter(
		({ property }) => ['string', 'resourceLocator'].includes(property.type) || property.allowArbitraryValues,
	);
	const forgotten = texts
		.filter(
			({ node, operation, property: { name } }) =>
				!(name in notPaths) &&
				!pathParameters.some(
					(row) => row.node === node && row.operation === operation && row.parameter === name,
				),
		)
		.map(({ node, operation, property: { name } }) => unlike(`${node} ${operation} ${name}`));
	expect(forgotten).toEqual([]);
	const names = new Set(texts.map(({ property }) => property.name));
	expect(Object.keys(notPaths).filter((name) => !names.has(name))).toEqual([]);
	const known = (row: PathParameter) =>
		texts.some(
			({ node, operation, property: { name } }) =>
				row.node === node && row.operation === operation && row.parameter === name,
		);
	expect(pathParameters.filter((row) => !known(row))).toEqual([]);
});

const rows = pathParameters.map((row): [string, PathParameter] => {
	const { node, operation, parameter, is } = row;
	return [`${node} ${operation} ${parameter} (a ${is})`, row];
});

describeEngines('a path', (n8n) => {
	/** Backups of everything, data to back up, and nothing at `destination`: where all is well. */
	let paths: Record<string, string>;

	beforeAll(async () => {
		const place = await n8n().allowed();
		const backupDirectory = join(place, 'backups');
		await mkdir(backupDirectory);
		await makeBackups(backupDirectory);
		await writeFile(join(place, 'dump.rdb'), 'REDIS');
		await writeFile(join(place, 'compose.yaml'), 'services: {}\n');
		paths = {
			backupDirectory,
			directory: join(place, 'data'),
			file: join(place, '.env'),
			rdbPath: join(place, 'dump.rdb'),
			destination: join(place, 'destination'),
			dataDirectory: join(place, 'data'),
			envFile: join(place, '.env'),
			composeFile: join(place, 'compose.yaml'),
		};
	});

	async function run(row: PathParameter, path: string): Promise<NodeRun> {
		const { node, operation, parameter, parameters } = row;
		return await n8n().engine.run({
			node,
			parameters: { operation, ...paths, ...parameters, [parameter]: path },
			credentials,
			onError: 'continueErrorOutput',
		});
	}

	/** What was said against a path, as the items of both outputs. */
	function said(row: PathParameter, path: string, { outputs }: NodeRun): unknown[][] {
		const items = outputs.map((output) => output.map(({ json }) => json));
		if (row.reports === undefined) return items;
		const check = row.reports.replace('PATH', path);
		const found = items[0]!.filter((item) => item.check === check && item.result === 'failed');
		return [items[1]!, found.map(({ found: what, whatToDo }) => ({ error: [what, whatToDo].join(' ') }))];
	}

	/** What lies at the path that the parameter means, elsewhere. */
	async function put(row: PathParameter, at: string): Promise<void> {
		if (!row.written) await cp(paths[row.parameter]!, at, { recursive: true });
	}

	type Case = (row: PathParameter, n8n: Surroundings) => Promise<{ path: string; outside: string }>;

	/** Ways out of what is allowed. Each answers the path, and the directory that must not change. */
	const waysOut: Record<string, Case> = {
		'a blocked path': async (row, { blocked }) => {
			const outside = await blocked();
			await put(row, join(outside, 'there'));
			return { path: join(outside, 'there'), outside };
		},
		'a link to a blocked path': async (row, { allowed, blocked }) => {
			const outside = await blocked();
			await put(row, join(outside, 'there'));
			const link = join(await allowed(), 'link');
			await symlink(join(outside, 'there'), link);
			return { path: link, outside };
		},
		'what lies beyond a link to a blocked directory': async (row, { allowed, blocked }) => {
			const outside = await blocked();
			await put(row, join(outside, 'there'));
			const link = join(await allowed(), 'link');
			await symlink(outside, link);
			return { path: join(link, 'there'), outside };
		},
		'a link to a blocked path at which nothing is yet': async (_row, { allowed, blocked }) => {
			const outside = await blocked();
			const link = join(await allowed(), 'link');
			await symlink(join(outside, 'nothing'), link);
			return { path: link, outside };
		},
		'“..” out of an allowed directory': async (row, { allowed, blocked }) => {
			const outside = await blocked();
			await put(row, join(outside, 'there'));
			const inside = await allowed();
			return { path: `${inside}/../..${outside.slice(dirname(dirname(inside)).length)}/there`, outside };
		},
		'“..” behind a link to a blocked directory': async (row, { allowed, blocked }) => {
			const outside = await blocked();
			await put(row, join(outside, 'there'));
			await mkdir(join(outside, 'deeper'));
			const link = join(await allowed(), 'link');
			await symlink(join(outside, 'deeper'), link);
			return { path: `${link}/../there`, outside };
		},
	};

	describe.each(rows)('%s', (_name, row) => {
		test('that is allowed gets past n8n’s check', async () => {
			const place = await n8n().allowed();
			const path = join(place, 'there');
			if (!row.written) await cp(paths[row.parameter]!, path, { recursive: true });
			const result = await run(row, path);
			const { status, outputs } = result;
			expect(status).toBe('success');
			if (row.reports !== undefined) expect(said(row, path, result)).toEqual([[], []]);
			// Only the server is lacking, where there has to be one.
			const { lacks = '127.0.0.1:1' } = row;
			for (const { json } of outputs[1] ?? []) expect(json.error).toContain(lacks);
		});

		test.each(Object.entries(waysOut))('is refused when it is %s', async (_way, lay) => {
			const { path, outside } = await lay(row, n8n());
			const before = await describeTree(outside);

			const result = await run(row, path);

			const error = `${row.label}: n8n does not allow nodes to use ${path}. Add it to N8N_RESTRICT_FILE_ACCESS_TO (";" between paths); n8n’s own data folder stays blocked, so mount it a second time, read-only, at another path.`;
			expect({ status: result.status, said: said(row, path, result) }).toEqual({
				status: 'success',
				said: [[], [{ error }]],
			});
			expect(await describeTree(outside)).toEqual(before);
		});

		test('is named when not even its parent exists', async () => {
			const path = join(await n8n().allowed(), 'nowhere', 'there');
			const result = await run(row, path);
			const error = `${row.label}: neither ${path} nor ${dirname(path)} exists. Correct the path, or mount it into the container of n8n and of every worker.`;
			expect(said(row, path, result)).toEqual([[], [{ error }]]);
		});

		if (row.written) return;
		test('is named when it is missing, and nothing is made of it', async () => {
			const place = await n8n().allowed();
			const path = join(place, 'missing');
			const before = await describeTree(place);
			const [ordinary, errors] = said(row, path, await run(row, path)) as [
				unknown[],
				Array<{ error: string }>,
			];
			expect([ordinary, errors.map((item) => Object.keys(item))]).toEqual([[], [['error']]]);
			if (row.parameter !== 'rdbPath') expect(errors[0]!.error).toContain(path);
			expect(await describeTree(place)).toEqual(before);
		});
	});
});
