import type { ILoadOptionsFunctions, INodeListSearchResult, INodePropertyOptions } from 'n8n-workflow';
import {
	type AskForLines,
	browseDatabases,
	browseSchemas,
	browseTables,
	type Choice,
} from '../../core/postgres/browse';
import { builtInEngine, dockerEngine, type PostgresEngine } from '../../core/postgres/engine';
import { dockerConnection } from '../shared/dockerConnection';
import { choices } from '../shared/lists/choices';
import { known, listed } from '../shared/lists/listed';
import { postgresConnection } from '../shared/postgresConnection';
import type { EngineOptions } from './engine';

/** Fills the list of the server’s databases, with their sizes. */
export async function searchDatabases(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	return choices(await browse(this, browseDatabases, 'choose By Name and type it'), filter);
}

export async function getDatabases(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return asOptions(await browse(this, browseDatabases, byExpression));
}

export async function getSchemas(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return asOptions(await browse(this, browseSchemas, byExpression));
}

export async function getTables(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return asOptions(await browse(this, browseTables, byExpression));
}

const byExpression = 'switch to Expression and write the names with commas between';

async function browse(
	context: ILoadOptionsFunctions,
	list: (ask: AskForLines) => Promise<Choice[]>,
	otherwise: string,
): Promise<Choice[]> {
	return await listed(context, otherwise, async (signal) => {
		const engine = await engineForLists(context);
		const database = chosenDatabase(context);
		return await list(async (question) => await engine.lines(question, { database }, signal));
	});
}

/** Where several databases are backed up, what is in the first of them is shown. */
function chosenDatabase(context: ILoadOptionsFunctions): string | undefined {
	if (known(context, 'databases') !== 'named') return undefined;
	const names = context.getNodeParameter('databaseNames', []) as unknown;
	const first = (Array.isArray(names) ? names : [names])[0] as unknown;
	return typeof first === 'string' && first !== '' ? first : undefined;
}

async function engineForLists(context: ILoadOptionsFunctions): Promise<PostgresEngine> {
	if (known(context, 'operation') !== 'backUp' || known(context, 'engine') !== 'docker')
		return builtInEngine(postgresConnection(await context.getCredentials('postgres')));
	const docker = dockerConnection(await context.getCredentials('dockerEngineApi'));
	const options = context.getNodeParameter('options', {}) as EngineOptions;
	const login = { user: options.containerUser, systemUser: options.containerSystemUser };
	return dockerEngine(docker, known(context, 'container'), login);
}

function asOptions(found: readonly Choice[]): INodePropertyOptions[] {
	return found.map(({ value, label }) => ({ name: label, value }));
}
