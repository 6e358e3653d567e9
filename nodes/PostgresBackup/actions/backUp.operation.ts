import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { createArtifact, type EngineName, type OpenSource, prefixFor } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import type { PostgresConnection } from '../../../core/postgres/connection';
import { builtInDump } from '../../../core/postgres/dump/builtInDump';
import { localDump } from '../../../core/postgres/dump/localDump';
import type { DumpRequest } from '../../../core/postgres/dumpRequest';
import { listDatabases } from '../../../core/postgres/server';
import { artifactItem } from '../../shared/artifactItem';
import { commonRequest, readCompression, readList } from '../../shared/parameters';
import { postgresConnection } from '../../shared/postgresConnection';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Back Up',
	value: 'backUp',
	description: 'Dump databases into files that psql can restore',
	action: 'Back up databases',
};

const listOption = (
	displayName: string,
	name: string,
	placeholder: string,
	description: string,
): INodeProperties => ({
	displayName,
	name,
	type: 'string',
	default: '',
	placeholder,
	description: `${description} Separate several with commas; * and ? are wildcards.`,
});

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		shared.compressionLevel,
		listOption(
			'Exclude Data of Tables',
			'excludeTableData',
			'execution_data, execution_entity',
			'Tables whose rows are left out while their definition is kept. Without its execution history an n8n database is small.',
		),
		listOption('Exclude Schemas', 'excludeSchemas', 'audit*', 'Schemas to leave out.'),
		listOption(
			'Exclude Tables',
			'excludeTables',
			'public.cache_*',
			'Tables to leave out with all they hold.',
		),
		{
			...shared.prefixOption('', 'What file names begin with. Without it: the name of the database.'),
			hint: 'With several databases the name of each is added',
		},
		{
			displayName: 'Lock Timeout',
			name: 'lockTimeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 60,
			description: 'Seconds to wait for a table that something else has locked before the backup fails',
		},
		{
			displayName: 'No Owner',
			name: 'noOwner',
			type: 'boolean',
			default: false,
			description: 'Whether to leave out who owns what, so that any user can restore',
		},
		{
			displayName: 'No Privileges',
			name: 'noPrivileges',
			type: 'boolean',
			default: false,
			description: 'Whether to leave out grants',
		},
		listOption('Only Schemas', 'schemas', 'public', 'Schemas to dump; everything else is left out.'),
		listOption(
			'Only Tables',
			'tables',
			'public.workflow_entity',
			'Tables to dump; everything else is left out.',
		),
	],
};

export const properties: INodeProperties[] = shared.forOperations(
	['backUp'],
	[
		shared.engine([
			{
				name: 'Built-In',
				value: 'built-in',
				description: 'PostgreSQL’s own pg_dump, brought along by this package; for servers up to version 18',
			},
			{
				name: 'Local Program',
				value: 'local',
				description: 'A pg_dump that is installed where n8n runs; the stock image has none',
			},
		]),
		{
			displayName: 'Path of pg_dump',
			name: 'pgDumpPath',
			type: 'string',
			default: 'pg_dump',
			displayOptions: { show: { engine: ['local'] } },
			description: 'Full path, or a name to look up on n8n’s PATH',
		},
		{
			displayName: 'Databases',
			name: 'databases',
			type: 'options',
			options: [
				{
					name: 'All on the Server',
					value: 'all',
					description: 'Every database but the templates, one item each',
				},
				{ name: 'Named', value: 'named', description: 'The ones named below, one item each' },
				{
					name: 'The Credential’s',
					value: 'credential',
					description: 'The database that the credential names',
				},
			],
			default: 'credential',
		},
		{
			displayName: 'Database Names',
			name: 'databaseNames',
			type: 'string',
			typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Database' },
			default: [],
			displayOptions: { show: { databases: ['named'] } },
		},
		shared.backupDirectory,
		shared.compression,
		options,
	],
);

interface BackUpOptions {
	compressionLevel?: number;
	excludeTableData?: string;
	excludeSchemas?: string;
	excludeTables?: string;
	lockTimeout?: number;
	noOwner?: boolean;
	noPrivileges?: boolean;
	prefix?: string;
	schemas?: string;
	tables?: string;
}

/** One job, and so one item, for each database. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const connection = postgresConnection(await context.getCredentials('postgres', itemIndex));
	const chosen = context.getNodeParameter('options', itemIndex, {}) as BackUpOptions;
	const common = await commonRequest(context, itemIndex);
	const compression = readCompression(context, itemIndex, chosen.compressionLevel);
	const openDump = chooseEngine(context, itemIndex, connection);
	const databases = await chooseDatabases(context, itemIndex, connection, signal);

	return databases.map((database) => async (jobSignal: AbortSignal): Promise<IDataObject> => {
		const request = {
			...common,
			component: 'postgres' as const,
			prefix: choosePrefix(chosen.prefix, database, databases.length),
			extension: 'sql',
			compression,
			step: `Dumping ${database}`,
		};
		return artifactItem(await createArtifact(request, openDump(dumpRequest(database, chosen)), jobSignal));
	});
}

function chooseEngine(
	context: IExecuteFunctions,
	itemIndex: number,
	connection: PostgresConnection,
): (request: DumpRequest) => OpenSource {
	const engine = context.getNodeParameter('engine', itemIndex) as EngineName;
	if (engine !== 'local') return (request) => builtInDump(connection, request);
	const pgDumpPath = context.getNodeParameter('pgDumpPath', itemIndex) as string;
	return (request) => localDump(connection, request, { pgDumpPath });
}

async function chooseDatabases(
	context: IExecuteFunctions,
	itemIndex: number,
	connection: PostgresConnection,
	signal: AbortSignal,
): Promise<string[]> {
	switch (context.getNodeParameter('databases', itemIndex) as 'all' | 'named' | 'credential') {
		case 'all':
			return await listDatabases(connection, signal);
		case 'credential':
			return [connection.database];
		case 'named': {
			const names = readNames(context.getNodeParameter('databaseNames', itemIndex));
			if (names.length > 0) return names;
			throw new BackupError('bad-parameter', 'No database is named', {
				advice: 'Name at least one, or choose the credential’s database',
			});
		}
	}
}

/** A database's name may hold commas, so a list is taken as it is; an expression may also yield a single name. */
function readNames(value: unknown): string[] {
	const names = Array.isArray(value) ? value.map(String) : [String(value ?? '')];
	return names.filter((name) => name !== '');
}

function choosePrefix(prefix: string | undefined, database: string, count: number): string {
	if (!prefix) return prefixFor(database);
	return count === 1 ? prefix : `${prefix}_${prefixFor(database)}`;
}

function dumpRequest(database: string, chosen: BackUpOptions): DumpRequest {
	return {
		database,
		selection: {
			schemas: readList(chosen.schemas),
			excludeSchemas: readList(chosen.excludeSchemas),
			tables: readList(chosen.tables),
			excludeTables: readList(chosen.excludeTables),
			excludeTableData: readList(chosen.excludeTableData),
		},
		noOwner: chosen.noOwner ?? false,
		noPrivileges: chosen.noPrivileges ?? false,
		lockTimeoutMs: chosen.lockTimeout === undefined ? undefined : chosen.lockTimeout * 1000,
	};
}
