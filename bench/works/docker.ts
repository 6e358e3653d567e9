import { join } from 'node:path';
import { whyNoDocker, startDocker } from '../../lab/servers/docker.ts';
import {
	postgresDatabase,
	postgresPassword,
	postgresUser,
	runPostgresContainer,
} from '../../lab/servers/dockerContainers.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { isInstalled } from '../../scripts/setup/debianPackages.ts';
import type { Bench } from '../harness/bench.ts';
import { runShell } from '../harness/runShell.ts';
import { libpqEnvironment } from '../../lab/servers/environments.ts';

const container = 'postgres';

/**
 * Dumps of a server inside a container: by our engine `docker`, and by the docker command in a pipe. The database is
 * a copy of `database`. Only where time is not short: an engine has to be started and filled first.
 */
export async function measureContainerDumps(
	bench: Bench,
	server: PostgresServer,
	database: string,
): Promise<void> {
	const reason = bench.scale.mode === 'quick' ? 'not with --quick' : (whyNoDocker() ?? whyNoCommand());
	if (reason !== undefined) {
		bench.missing.push(`Dumps in a container: ${reason}`);
		return;
	}
	const engine = await startDocker();
	try {
		await runPostgresContainer(engine, { name: container });
		const env = { DOCKER_HOST: `unix://${engine.socketPath}` };
		const login = `-e PGUSER=${postgresUser} -e PGPASSWORD='${postgresPassword}' ${container}`;
		const fill = `pg_dump --no-owner | docker exec -i ${login} psql -Xq -d ${postgresDatabase}`;
		await runShell(fill, { ...env, ...libpqEnvironment(server, database) });

		const output = join(await bench.emptyDirectory('peers'), 'dump');
		const ours = 'Postgres Back Up, docker, gzip at level 6';
		const peer = 'docker exec pg_dump | gzip -6';
		await bench.race(
			[
				bench.ours(ours, (backupDirectory) => ({
					kind: 'container-dump',
					socketPath: engine.socketPath,
					container,
					compression: { method: 'gzip', level: 6 },
					backupDirectory,
				})),
				...bench.peer(peer, `docker exec ${login} pg_dump -d ${postgresDatabase} | gzip -6 > ${output}`, {
					env,
				}),
			],
			[[ours, peer]],
		);
	} finally {
		await engine.stop();
	}
}

function whyNoCommand(): string | undefined {
	return isInstalled('docker') ? undefined : 'docker is not installed';
}
