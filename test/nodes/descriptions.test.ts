import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { DockerEngineApi } from '../../credentials/DockerEngineApi.credentials';
import { BackupEncryptionAgeApi } from '../../credentials/BackupEncryptionAgeApi.credentials';
import { root } from '../../scripts/lib/paths.ts';
import { allNodes, allParameters } from './support/descriptions';

const nodes = allNodes().map(({ description }) => description);
const operations = nodes.flatMap(({ name: node, properties }) =>
	(properties.find(({ name }) => name === 'operation')!.options as INodePropertyOptions[]).map((option) => ({
		node,
		...option,
	})),
);
const credentials = [new DockerEngineApi(), new BackupEncryptionAgeApi()];
const properties = [
	...allParameters().map(({ property }) => property),
	...nodes.flatMap((node) => node.properties),
	...credentials.flatMap((credential) => credential.properties),
];

test('every operation that gives backups has Simplify, switched on', () => {
	const simplify = allParameters().filter(({ property }) => property.name === 'simplify');
	expect(simplify.map(({ node, operation }) => `${node} ${operation}`).sort()).toEqual([
		...['copy', 'fetch', 'list', 'prune', 'verify'].map((operation) => `offSiteCopy ${operation}`),
		...['backUp', 'drill', 'verify'].map((operation) => `postgresBackup ${operation}`),
		...['list', 'prune'].map((operation) => `pruneBackups ${operation}`),
		...['takeSnapshot', 'verify'].map((operation) => `redisSnapshot ${operation}`),
		...['archive', 'copyFile', 'drill', 'verify'].map((operation) => `volumeArchive ${operation}`),
	]);
	expect(simplify.filter(({ property }) => property.default !== true)).toEqual([]);
});

describe('an operation', () => {
	test.each(operations)(
		'$node $value is named with its object, in the list and on the canvas',
		(operation) => {
			const { name, action, node, value } = operation;
			expect(name).toMatch(/^[A-Z]\S+(?: \S+)+$/);
			expect(action).toMatch(/^[A-Z][^A-Z]+$/);
			expect(action).not.toMatch(/\b(?:a|an|the)\b/);
			const { subtitle = '' } = nodes.find((each) => each.name === node)!;
			expect(subtitle).toContain(`${JSON.stringify(value)}:${JSON.stringify(name)}`);
		},
	);

	test('that deletes is not what Prune Backups begins with, but for workflows of before', () => {
		const prune = nodes.find(({ name }) => name === 'pruneBackups')!;
		const byVersion = prune.properties.filter(({ name }) => name === 'operation');
		expect(byVersion.map((each) => [each.displayOptions?.show?.['@version'], each.default])).toEqual([
			[[1], 'prune'],
			[[2], 'list'],
		]);
		expect(prune).toMatchObject({ version: [1, 2], defaultVersion: 2 });
		expect((byVersion[1]!.options as INodePropertyOptions[]).slice(0, 2).map(({ value }) => value)).toEqual([
			'list',
			'report',
		]);
	});
});

test('an AI agent is offered what only reads', () => {
	expect(nodes.filter(({ usableAsTool }) => usableAsTool).map(({ name }) => name)).toEqual(['pruneBackups']);
	const offered = operations.filter(
		({ node, displayOptions }) => node === 'pruneBackups' && !displayOptions?.hide?.['@tool'],
	);
	expect(offered.map(({ value }) => value)).toEqual(['list', 'report']);
});

describe('words', () => {
	const labels = properties.flatMap(({ displayName, type, options = [] }) => [
		...(type === 'notice' ? [] : [displayName]),
		...options.flatMap((option) => ('value' in option ? [option.name] : [])),
	]);

	test('a label says what it is about', () => {
		expect(labels.filter((label) => /^(?:What|Kind|Where|The Standard One|Named)$/.test(label))).toEqual([]);
	});

	test('a label of a time or a size has its unit', () => {
		const measured = labels.filter((label) => /Timeout|Time Limit|Largest|Size Cap/.test(label));
		expect(measured.length).toBeGreaterThan(5);
		expect(measured.filter((label) => !/\((?:Seconds|MB)\)$/.test(label))).toEqual([]);
	});

	test('a placeholder is an example and looks like one', () => {
		const placeholders = [
			...properties.filter(({ type }) => type !== 'collection'),
			...properties.flatMap(({ modes = [] }) => modes),
		].flatMap(({ placeholder }) => placeholder ?? []);
		expect(placeholders.length).toBeGreaterThan(30);
		expect(placeholders.filter((placeholder) => !placeholder.startsWith('e.g. '))).toEqual([]);
	});

	test('the description of a switch begins with Whether', () => {
		const switches = properties.filter(({ type, description }) => type === 'boolean' && description);
		expect(switches.filter(({ description }) => !/^Whether /.test(description!))).toEqual([]);
	});
});

describe('a warning', () => {
	const notices = (all: INodeProperties[]) => all.filter(({ type }) => type === 'notice');

	test('stands above what destroys something, and nowhere else', () => {
		const above = nodes.flatMap((node) =>
			notices(node.properties).map(({ name, displayOptions }) => [node.name, name, displayOptions?.show]),
		);
		expect(above).toEqual([
			['postgresBackup', 'replaceWarning', { target: ['replace'], operation: ['restore'] }],
			['redisSnapshot', 'restoreWarning', { operation: ['restore'] }],
			['volumeArchive', 'overwriteWarning', { '/options.overwrite': [true], operation: ['restore'] }],
		]);
		expect(notices(credentials[0]!.properties).map(({ displayName }) => displayName)).toEqual([
			expect.stringContaining('is root on its machine'),
		]);
	});

	test('goes with a field that says what to type', () => {
		const confirm = allParameters().filter(({ property }) => property.displayName === 'Confirm');
		expect(confirm.map(({ node, property }) => [node, property.hint])).toEqual([
			['postgresBackup', 'Type the name of the database to replace once more'],
			['redisSnapshot', 'Type the word replace'],
		]);
	});
});

test('the Docker credential suggests the port of an engine with TLS where TLS is on', () => {
	const ports = credentials[0]!.properties.filter(({ name }) => name === 'port');
	expect(ports.map((each) => [each.displayOptions?.show?.tls, each.default])).toEqual([
		[[false], 2375],
		[[true], 2376],
	]);
});

test.each(['PostgresBackup', 'RedisSnapshot', 'VolumeArchive', 'OffSiteCopy'])(
	'%s is found by whoever looks for Restore',
	(name) => {
		const file = join(root, 'nodes', name, `${name}.node.json`);
		const codex = JSON.parse(readFileSync(file, 'utf8')) as { alias: string[]; subcategories?: object };
		expect(codex.alias).toContain('Restore');
		expect(codex.alias.includes('SQLite')).toBe(name === 'VolumeArchive');
		expect(codex.subcategories).toBeUndefined();
	},
);
