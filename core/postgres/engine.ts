import type { EngineName, OpenSource } from '../artifact';
import type { DockerConnection } from '../docker';
import { withClient } from './connect/client';
import type { PostgresConnection } from './connect/connection';
import { builtInDump } from './dump/builtIn/builtInDump';
import type { ContainerLogin } from './dump/docker/containerProgram';
import { askContainer, askContainerFor, dockerDump, dockerGlobals } from './dump/docker/dockerDump';
import { localDump } from './dump/local/localDump';
import type { DatabaseList } from './connect/databaseList';
import type { DumpRequest } from './dump/dumpRequest';
import { listDatabases } from './connect/server';
import { queryTexts } from './connect/serverText';

/** How a server's databases become dumps; whoever asks for one does not have to know which engine it is. */
export interface PostgresEngine {
	readonly name: EngineName;
	/**
	 * The database that the connection or the container means when nobody names another.
	 *
	 * @throws BackupError when the container cannot be asked
	 */
	standardDatabase(signal: AbortSignal): Promise<string>;
	/**
	 * Every database that can be backed up, and what was left out.
	 *
	 * @throws BackupError when the server cannot be reached or refuses the log-in
	 */
	allDatabases(signal: AbortSignal): Promise<DatabaseList>;
	/**
	 * Asks a question whose answer is lines of JSON.
	 *
	 * @param database the standard one when undefined
	 * @throws BackupError when the server cannot be reached or refuses the log-in
	 */
	lines(question: string, where: { database?: string }, signal: AbortSignal): Promise<string[]>;
	dump(request: DumpRequest): OpenSource;
	/** Roles and tablespaces of the server; undefined where the engine cannot dump them. */
	globals?(): OpenSource;
}

/** The default: pg_dump as WebAssembly, nothing installed beside this package. */
export function builtInEngine(connection: PostgresConnection): PostgresEngine {
	return {
		name: 'built-in',
		...askOverTheNetwork(connection),
		dump: (request) => builtInDump(connection, request),
	};
}

/** A pg_dump on n8n's own machine. */
export function localEngine(connection: PostgresConnection, options: { pgDumpPath: string }): PostgresEngine {
	return {
		name: 'local',
		...askOverTheNetwork(connection),
		dump: (request) => localDump(connection, request, options),
	};
}

/** The pg_dump inside the server's container, by the Docker Engine API. */
export function dockerEngine(
	docker: DockerConnection,
	container: string,
	login: ContainerLogin = {},
): PostgresEngine {
	return {
		name: 'docker',
		standardDatabase: async (signal) => (await askContainer(docker, container, signal, login)).database,
		allDatabases: async (signal) => (await askContainer(docker, container, signal, login)).databases,
		lines: async (question, { database }, signal) =>
			await askContainerFor(docker, container, { login, database, question }, signal),
		dump: (request) => dockerDump(docker, container, request, login),
		globals: () => dockerGlobals(docker, container, login),
	};
}

function askOverTheNetwork(
	connection: PostgresConnection,
): Pick<PostgresEngine, 'standardDatabase' | 'allDatabases' | 'lines'> {
	return {
		standardDatabase: async () => await Promise.resolve(connection.database),
		allDatabases: async (signal) => await listDatabases(connection, signal),
		lines: async (question, where, signal) =>
			await withClient(connection, where, signal, async (client) => await queryTexts(client, question)),
	};
}
