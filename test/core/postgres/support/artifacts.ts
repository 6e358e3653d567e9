import { join } from 'node:path';
import {
	type Artifact,
	type CompressionMethod,
	createArtifact,
	type OpenSource,
	prefixFor,
} from '../../../../core/artifact';
import { builtInDump } from '../../../../core/postgres/dump/builtIn/builtInDump';
import { localDump } from '../../../../core/postgres/dump/local/localDump';
import { clientProgram } from '../../../../lab/servers/postgresBinaries';
import type { PostgresServer } from '../../../../lab/servers/postgres';
import { connectionTo, never, requestFor } from './dumps';

/** An artifact with its manifest below `root`, by the native pg_dump where it is new enough for the server. */
export async function backUp(
	server: PostgresServer,
	database: string,
	root: string,
	compression: CompressionMethod = 'gzip',
): Promise<Artifact> {
	return createArtifact(
		{
			root,
			component: 'postgres',
			prefix: prefixFor(database),
			extension: 'sql',
			compression: { method: compression, level: 1 },
			timeZone: 'UTC',
			step: 'test',
		},
		await dumpOf(server, database),
		never,
	);
}

async function dumpOf(server: PostgresServer, database: string): Promise<OpenSource> {
	const connection = connectionTo(server);
	const version = (await server.client('pg_dump', ['--version'])).toString();
	const isNewEnough = Number(/(\d+)/.exec(version)?.[1]) >= server.major;
	if (!isNewEnough) return builtInDump(connection, requestFor(database));
	return localDump(connection, requestFor(database), { pgDumpPath: await clientProgram('pg_dump') });
}

/** The SQL file of that name beside the tests. */
export function fixture(name: string): string {
	return join(process.cwd(), 'test', 'fixtures', name);
}
