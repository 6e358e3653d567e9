import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { backUpFirst } from '../../../core/artifact';
import { manifestIfAny } from '../../../core/artifact/verifyArtifact';
import { BackupError } from '../../../core/errors';
import { runningN8nVersion } from '../../../core/n8n/runningN8n';
import { builtInDump } from '../../../core/postgres/dump/builtIn/builtInDump';
import { assertNotOwnDatabase, type RunningExecution } from '../../../core/postgres/restore/ownDatabase';
import type {
	OwnerRule,
	RestoreOptions,
	RestoreRequest,
	RestoreTarget,
} from '../../../core/postgres/restore/request';
import { databaseNameFor, restoreDump } from '../../../core/postgres/restore/restoreDump';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chosenBackup } from '../../shared/artifactParameter';
import { decrypt, decryptionKeys } from '../../shared/encryption';
import { readList } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import { withoutExtensions } from '../withoutExtensions';
import type { Job } from '../../shared/runJobs';
import { listOption } from '../listOption';
import { chosenConnection, type ConnectionOptions, idleTimeout } from '../connectionOptions';

export const option: INodePropertyOptions = {
	name: 'Restore Database',
	value: 'restore',
	description: 'Bring a dump back, as a new database or in place of one',
	action: 'Restore database',
};

export const properties: INodeProperties[] = shared.forOperations(
	['restore'],
	[
		shared.backupDirectory,
		...artifact('postgres'),
		decrypt,
		{
			displayName: 'Target',
			name: 'target',
			type: 'options',
			options: [
				{ name: 'New Database', value: 'new', description: 'Nothing that is there is touched' },
				{
					name: 'Replace a Database',
					value: 'replace',
					description:
						'Restored beside it and compared, then swapped; the old one is saved and stays under a dated name. Not for the database of this very n8n.',
				},
			],
			default: 'new',
		},
		shared.warning(
			'replaceWarning',
			'Everything in this database is replaced. It is backed up first and stays under a dated name until you drop it.',
			{ target: ['replace'] },
		),
		{
			displayName: 'New Database',
			name: 'newDatabase',
			type: 'string',
			default: '',
			placeholder: 'e.g. n8n_20261123_020000',
			displayOptions: { show: { target: ['new'] } },
			description: 'Its name. Empty: after the backup.',
		},
		{
			displayName: 'Database to Replace',
			name: 'replaceDatabase',
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			displayOptions: { show: { target: ['replace'] } },
			modes: [
				{
					displayName: 'From List',
					name: 'list',
					type: 'list',
					typeOptions: { searchListMethod: 'searchDatabases', searchable: true },
				},
				{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. n8n' },
			],
		},
		{
			displayName: 'Confirm',
			name: 'confirmation',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. n8n',
			displayOptions: { show: { target: ['replace'] } },
			hint: 'Type the name of the database to replace once more',
		},
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				idleTimeout,
				{
					displayName: 'Index Jobs',
					name: 'indexJobs',
					type: 'number',
					typeOptions: { minValue: 1, maxValue: 32 },
					default: 2,
					description:
						'Connections that send the rows of large tables and build indexes, from PostgreSQL 11 on',
				},
				{
					displayName: 'Missing Roles',
					name: 'missingRoles',
					type: 'options',
					options: [
						{ name: 'Fail', value: 'fail' },
						{ name: 'Leave Out', value: 'skip', description: 'What names them is left out and counted' },
					],
					default: 'fail',
					description: 'What becomes of owners and grants whose role the server does not have',
				},
				{
					displayName: 'No Privileges',
					name: 'noPrivileges',
					type: 'boolean',
					default: false,
					description: 'Whether to leave grants out',
				},
				...listOption({
					displayName: 'Only Tables',
					name: 'tables',
					loadOptionsMethod: 'getTablesOfBackup',
					dependsOn: ['backupDirectory', 'artifact.value'],
					description: 'Tables of the backup to restore; all when none is chosen.',
				}),
				{
					displayName: 'Owner',
					name: 'owner',
					type: 'string',
					default: '',
					description:
						'Role that everything is given to; “=” means the user of the credential. Empty: as dumped.',
				},
				{
					displayName: 'Role Mapping',
					name: 'roleMapping',
					type: 'string',
					default: '',
					placeholder: 'e.g. old_owner=n8n, reader=app',
					description: 'Roles of the dump and the ones that take their place, with commas between',
				},
				{
					displayName: 'Skip Failed Indexes',
					name: 'skipFailedIndexes',
					type: 'boolean',
					default: false,
					description:
						'Whether an index or a materialised view that cannot be built is a warning instead of the end',
				},
				withoutExtensions,
			],
		},
	],
);

interface Options extends ConnectionOptions {
	indexJobs?: number;
	missingRoles?: RestoreOptions['missingRoles'];
	noPrivileges?: boolean;
	owner?: string;
	roleMapping?: string;
	skipFailedIndexes?: boolean;
	withoutExtensions?: string;
	tables?: unknown;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as Options;
	const connection = await chosenConnection(context, itemIndex, chosen);
	const { path } = await chosenBackup(context, itemIndex, ['postgres']);
	const keys = await decryptionKeys(context, itemIndex);
	const target = await chooseTarget(context, itemIndex, { connection, artifactPath: path, keys });
	return [
		async (signal): Promise<IDataObject> => {
			if (target.kind === 'replace') {
				await assertNotOwnDatabase(connection, target.database, thisExecution(context), signal);
			}
			const report = await restoreDump(
				{
					artifactPath: path,
					keys,
					manifest: await manifestIfAny(path),
					connection,
					target,
					options: restoreOptions(chosen),
					n8nVersion: runningN8nVersion(),
					timeZone: context.getTimezone(),
					onProgress: progressReporter(context),
				},
				signal,
			);
			return { artifact: path, ...(report as unknown as IDataObject) };
		},
	];
}

function thisExecution(context: IExecuteFunctions): RunningExecution {
	return { workflowId: String(context.getWorkflow().id), executionId: context.getExecutionId() };
}

async function chooseTarget(
	context: IExecuteFunctions,
	itemIndex: number,
	{ connection, artifactPath, keys }: Pick<RestoreRequest, 'connection' | 'artifactPath' | 'keys'>,
): Promise<RestoreTarget> {
	if (context.getNodeParameter('target', itemIndex) === 'new') {
		const database = context.getNodeParameter('newDatabase', itemIndex) as string;
		return { kind: 'new', database: database || databaseNameFor(artifactPath) };
	}
	const database = context.getNodeParameter('replaceDatabase', itemIndex, '', {
		extractValue: true,
	}) as string;
	assertConfirmed(database, context.getNodeParameter('confirmation', itemIndex) as string);
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const safety = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		component: 'postgres' as const,
		name: database,
		keys,
		openSource: builtInDump(connection, { database, selection: {}, noOwner: false, noPrivileges: false }),
		timeZone: context.getTimezone(),
		instanceId: context.getInstanceId(),
		onProgress: progressReporter(context),
	};
	return { kind: 'replace', database, safetyBackup: async (signal) => await backUpFirst(safety, signal) };
}

function assertConfirmed(database: string, confirmation: string): void {
	if (database !== '' && confirmation === database) return;
	throw new BackupError('bad-parameter', 'The name that confirms the replacement is not the database’s', {
		advice: `Type the name of the database to replace into Confirm; nothing was changed`,
	});
}

function restoreOptions(chosen: Options): RestoreOptions {
	const tables = readList(chosen.tables);
	return {
		owners: ownerRule(chosen),
		privileges: chosen.noPrivileges ? 'skip' : 'as-dumped',
		missingRoles: chosen.missingRoles,
		skipFailedIndexes: chosen.skipFailedIndexes,
		withoutExtensions: readList(chosen.withoutExtensions),
		tables: tables.length > 0 ? tables : undefined,
		indexJobs: chosen.indexJobs,
	};
}

function ownerRule({ owner, roleMapping }: Options): OwnerRule {
	const pairs = readList(roleMapping);
	if (pairs.length > 0) return { kind: 'map', roles: Object.fromEntries(pairs.map(readPair)) };
	if (owner === '=') return { kind: 'connecting-user' };
	return owner ? { kind: 'one', role: owner } : { kind: 'as-dumped' };
}

function readPair(pair: string): [string, string] {
	const [, from, to] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
	if (from !== undefined && to !== undefined) return [from.trim(), to.trim()];
	throw new BackupError('bad-parameter', `"${pair}" is no role mapping`, { advice: 'Write it as old=new' });
}
