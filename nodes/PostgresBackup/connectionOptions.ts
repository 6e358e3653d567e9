import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { PostgresConnection } from '../../core/postgres/connect/connection';
import { postgresConnection } from '../shared/postgresConnection';

export const idleTimeout: INodeProperties = {
	displayName: 'Idle Timeout (Seconds)',
	name: 'idleTimeout',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 60,
	description:
		'Length of silence after which the server is asked whether it is still at work; if not, this fails. Waiting for a lock or for a long statement is no reason to fail.',
};

export interface ConnectionOptions {
	idleTimeout?: number;
}

/** The server of the node's PostgreSQL credential. */
export async function chosenConnection(
	context: IExecuteFunctions,
	itemIndex: number,
	{ idleTimeout: seconds }: ConnectionOptions,
): Promise<PostgresConnection> {
	const connection = postgresConnection(await context.getCredentials('postgres', itemIndex));
	return { ...connection, idleTimeoutMs: seconds === undefined ? undefined : seconds * 1000 };
}
