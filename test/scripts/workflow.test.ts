import { fillIn, type Workflow } from '../../lab/n8n/workflow.ts';

const workflow: Workflow = {
	id: 'shipped',
	name: 'Nightly',
	connections: {},
	nodes: [
		{
			name: 'Settings',
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			parameters: {
				assignments: {
					assignments: [
						{ name: 'backupDirectory', value: '/backups' },
						{ name: 'keepDays', value: 7 },
					],
				},
				options: {},
			},
		},
		{ name: 'Dump', type: 'n8n-nodes-backup.postgresBackup', typeVersion: 1, parameters: {} },
		{ name: 'Prune', type: 'n8n-nodes-backup.pruneBackups', typeVersion: 1, parameters: {} },
	],
};
const postgres = { id: '1', name: 'n8n database' };

test('settings and credentials are filled in, and everything else stays as shipped', () => {
	const filled = fillIn(workflow, { credentials: { postgres }, settings: { keepDays: 1 } });
	expect(filled.id).toBeUndefined();
	expect(filled.nodes.map(({ credentials }) => credentials)).toEqual([undefined, { postgres }, undefined]);
	expect(filled.nodes[0]?.parameters).toEqual({
		assignments: {
			assignments: [
				{ name: 'backupDirectory', value: '/backups' },
				{ name: 'keepDays', value: 1 },
			],
		},
		options: {},
	});
});

test('a setting that the workflow does not have is refused', () => {
	expect(() => fillIn(workflow, { credentials: {}, settings: { keepDay: 1 } })).toThrow(
		'The Settings node has no field keepDay',
	);
});
