import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { type ArtifactRequest, backUp, prefixFor, withWarnings } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import type { DatabaseList } from '../../../core/postgres/connect/databaseList';
import type { DumpRequest } from '../../../core/postgres/dump/dumpRequest';
import type { PostgresEngine } from '../../../core/postgres/engine';
import { encrypt } from '../../shared/encryption';
import { choosePrefix, commonRequest, readCompression, readList } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, type Shape, simplify } from '../../shared/simplify';
import { tellArtifact, Told } from '../../shared/told';
import { idleTimeout } from '../connectionOptions';
import { chosenEngine, type EngineOptions, containerLogin, engineProperties } from '../engine';
import { listOption } from '../listOption';

export const option: INodePropertyOptions = {
	name: 'Back Up Database',
	value: 'backUp',
	description: 'Dump databases into files that psql can restore',
	action: 'Back up database',
};

const ofDatabase = (
	displayName: string,
	name: string,
	loadOptionsMethod: 'getSchemas' | 'getTables',
	description: string,
): INodeProperties[] =>
	listOption({
		...{ displayName, name, loadOptionsMethod, description, takesPatterns: true },
		dependsOn: ['engine', 'container', 'databases', 'databaseNames'],
	});

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		...shared.compressionLevels,
		...containerLogin,
		...ofDatabase(
			'Exclude Data of Tables',
			'excludeTableData',
			'getTables',
			'Tables whose rows are left out while their definition is kept. Without its execution history an n8n database is small.',
		),
		...ofDatabase('Exclude Schemas', 'excludeSchemas', 'getSchemas', 'Schemas to leave out.'),
		...ofDatabase('Exclude Tables', 'excludeTables', 'getTables', 'Tables to leave out with all they hold.'),
		{
			// eslint-disable-next-line n8n-nodes-base/node-param-display-name-miscased -- n8n is written in lower case
			displayName: 'Expect n8n’s Tables',
			name: 'expectN8n',
			type: 'boolean',
			default: false,
			description:
				'Whether to warn when the database holds no tables of n8n’s, as when another credential was picked by mistake',
		},
		{
			displayName: 'Follow References',
			name: 'followReferences',
			type: 'boolean',
			default: true,
			description:
				'Whether tables that refer to rows that are left out lose their rows, too; otherwise their foreign keys fail when the backup is restored. The item’s warnings name them.',
		},
		idleTimeout,
		{
			...shared.prefixOption('', 'What file names begin with. Empty: the name of the database.'),
			hint: 'With several databases the name of each is added',
		},
		{
			displayName: 'Lock Timeout (Seconds)',
			name: 'lockTimeout',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'How long to wait for a table that something else has locked before the backup fails. 0: as long as it takes.',
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
		...ofDatabase(
			'Only Schemas',
			'schemas',
			'getSchemas',
			'Schemas to dump; everything else is left out, extensions too. The item’s warnings name what is lacking.',
		),
		...ofDatabase(
			'Only Tables',
			'tables',
			'getTables',
			'Tables to dump; everything else is left out, also types, functions and extensions that they need. The item’s warnings name what is lacking.',
		),
		{
			displayName: 'Roles and Tablespaces',
			name: 'globals',
			type: 'boolean',
			default: false,
			displayOptions: { show: { '/engine': ['docker'] } },
			description: 'Whether to also save the server’s roles and tablespaces, as an artifact of their own',
		},
	],
};

export const properties: INodeProperties[] = shared.forOperations(
	['backUp'],
	[
		...engineProperties,
		{
			displayName: 'Databases',
			name: 'databases',
			type: 'options',
			options: [
				{
					name: 'All on the Server',
					value: 'all',
					description:
						'Every database but the templates, one item each; invalid ones and scratch databases of drills are skipped and named',
				},
				{ name: 'By Name', value: 'named', description: 'The ones that are named below, one item each' },
				{
					name: 'Default Database',
					value: 'standard',
					description: 'The database that the credential names, or the container’s POSTGRES_DB',
				},
			],
			default: 'standard',
		},
		{
			displayName: 'Database Names',
			name: 'databaseNames',
			type: 'multiOptions',
			typeOptions: { loadOptionsMethod: 'getDatabases', loadOptionsDependsOn: ['engine', 'container'] },
			allowArbitraryValues: true,
			default: [],
			displayOptions: { show: { databases: ['named'] } },
			description: 'The databases of the server. An expression may name others.',
		},
		shared.backupDirectory,
		shared.compression,
		encrypt,
		simplify,
		options,
	],
);

interface BackUpOptions extends EngineOptions {
	compressionLevel?: number;
	excludeTableData?: unknown;
	excludeSchemas?: unknown;
	excludeTables?: unknown;
	expectN8n?: boolean;
	followReferences?: boolean;
	globals?: boolean;
	lockTimeout?: number;
	noOwner?: boolean;
	noPrivileges?: boolean;
	prefix?: string;
	schemas?: unknown;
	tables?: unknown;
}

/** One job, and so one item, for each database, and one for the roles where they are asked for. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as BackUpOptions;
	const request = {
		...(await commonRequest(context, itemIndex)),
		component: 'postgres' as const,
		extension: 'sql',
		compression: readCompression(context, itemIndex, chosen.compressionLevel),
	};
	const shape = chosenShape(context, itemIndex);
	const engine = await chosenEngine(context, itemIndex, chosen);
	const { names, skipped } = await chooseDatabases(context, itemIndex, engine, signal);

	const dumps = names.map((database, index): Job => async (jobSignal) => {
		const prefix = choosePrefix(chosen.prefix, prefixFor(database), names.length);
		// Said once: what was skipped concerns none of the dumps.
		const openDump = withWarnings(
			engine.dump(dumpRequest(database, names.length, chosen)),
			index === 0 ? skipped : [],
		);
		const step = `Dumping ${database}`;
		const artifact = await backUp({ ...request, prefix, step }, openDump, jobSignal);
		return new Told(shape.artifact(artifact), tellArtifact(artifact));
	});
	return chosen.globals ? [...dumps, dumpGlobals(request, chosen.prefix, { engine, shape })] : dumps;
}

function dumpGlobals(
	request: Omit<ArtifactRequest, 'prefix' | 'step'>,
	prefix: string | undefined,
	{ engine, shape }: { engine: PostgresEngine; shape: Shape },
): Job {
	return async (signal) => {
		if (!engine.globals) {
			throw new BackupError('unsupported', `The engine ${engine.name} cannot dump roles and tablespaces`, {
				advice: 'Use the engine docker for them, or switch the option off',
			});
		}
		const name = prefix ? `${prefix}_globals` : 'globals';
		const step = 'Dumping roles and tablespaces';
		const artifact = await backUp({ ...request, prefix: name, step }, engine.globals(), signal);
		return new Told(shape.artifact(artifact), tellArtifact(artifact));
	};
}

async function chooseDatabases(
	context: IExecuteFunctions,
	itemIndex: number,
	engine: PostgresEngine,
	signal: AbortSignal,
): Promise<DatabaseList> {
	switch (context.getNodeParameter('databases', itemIndex) as 'all' | 'named' | 'standard') {
		case 'all': {
			const found = await engine.allDatabases(signal);
			if (found.names.length > 0) return found;
			throw new BackupError('not-found', 'The server has no database that could be backed up', {
				advice: found.skipped.join('; ') || 'Choose Default Database, or name one',
			});
		}
		case 'standard':
			return { names: [await engine.standardDatabase(signal)], skipped: [] };
		case 'named': {
			const names = readNames(context.getNodeParameter('databaseNames', itemIndex));
			if (names.length > 0) return { names, skipped: [] };
			throw new BackupError('bad-parameter', 'No database is named', {
				advice: 'Name at least one, or choose Default Database',
			});
		}
	}
}

/** A database's name may hold commas, so a list is taken as it is; an expression may also yield a single name. */
function readNames(value: unknown): string[] {
	const names: unknown[] = Array.isArray(value) ? value : [value];
	return names.filter((name): name is string => typeof name === 'string' && name !== '');
}

function dumpRequest(database: string, count: number, chosen: BackUpOptions): DumpRequest {
	return {
		database,
		selection: {
			schemas: readList(chosen.schemas),
			excludeSchemas: readList(chosen.excludeSchemas),
			tables: readList(chosen.tables),
			excludeTables: readList(chosen.excludeTables),
			excludeTableData: readList(chosen.excludeTableData),
		},
		followReferences: chosen.followReferences,
		// What one of several databases lacks, another may have.
		unmatchedExclusions: count > 1 ? 'warn' : 'fail',
		expectN8n: chosen.expectN8n,
		idleTimeoutMs: chosen.idleTimeout === undefined ? undefined : chosen.idleTimeout * 1000,
		noOwner: chosen.noOwner ?? false,
		noPrivileges: chosen.noPrivileges ?? false,
		lockTimeoutMs: chosen.lockTimeout ? chosen.lockTimeout * 1000 : undefined,
	};
}
