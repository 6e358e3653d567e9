import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createArtifact, type OpenSource } from '../../../core/artifact';
import { connectDocker } from '../../../core/docker/client';
import type { DockerConnection } from '../../../core/docker/connection';
import { holdStill } from '../../../core/docker/holdStill';
import { renewEveryMs } from '../../../core/docker/lease';
import { operations } from '../../../core/docker/operations';
import { dockerDump, dockerGlobals } from '../../../core/postgres/dump/docker/dockerDump';
import { dockerSnapshot } from '../../../core/redis/snapshot/dockerSnapshot';
import { dockerRestoreRdb } from '../../../core/redis/restore/dockerRestore';
import { dockerVolume } from '../../../core/volume/dockerVolume';
import { startDocker } from '../../../lab/servers/docker.ts';
import { runPostgresContainer, runRedisContainer } from '../../../lab/servers/dockerContainers.ts';
import { describeDocker } from './support/describeDocker.ts';
import { startProxy } from '../../../lab/servers/recordingProxy.ts';

jest.setTimeout(90_000);

const never = new AbortController().signal;

describeDocker('Everything that the docker engine does', () => {
	it('takes the documented calls and no others, through a proxy', async () => {
		const root = await mkdtemp(join(tmpdir(), 'docker-calls-'));
		const engine = await startDocker();
		const proxy = await startProxy(engine.socketPath);
		try {
			await runPostgresContainer(engine, { name: 'postgres', volumes: { pg: '/var/lib/postgresql/data' } });
			await runRedisContainer(engine, { name: 'redis' });
			await engine.docker.createVolume({ Name: 'nobodys' });
			const connection: DockerConnection = { kind: 'tcp', host: '127.0.0.1', port: proxy.port };
			const request = { database: '', selection: {}, noOwner: false, noPrivileges: false };
			const sources: Record<string, OpenSource> = {
				dump: dockerDump(connection, 'postgres', request),
				globals: dockerGlobals(connection, 'postgres'),
				redis: dockerSnapshot(connection, 'redis'),
				paused: dockerVolume(
					connection,
					{ volume: 'pg' },
					{ holdStill: { containers: ['postgres'], how: 'pause' } },
				),
				stopped: dockerVolume(
					connection,
					{ volume: 'pg' },
					{ holdStill: { containers: ['postgres'], how: 'stop' } },
				),
				nobodys: dockerVolume(connection, { volume: 'nobodys' }),
			};
			for (const [prefix, open] of Object.entries(sources)) {
				const artifact = {
					root,
					component: 'n8n' as const,
					prefix,
					extension: 'x',
					step: prefix,
					timeZone: 'UTC',
				};
				const { path } = await createArtifact({ ...artifact, compression: { method: 'none' } }, open, never);
				if (prefix !== 'redis') continue;
				const restore = { openRdb: () => createReadStream(path), takeSafetySnapshot: undefined };
				await dockerRestoreRdb(connection, 'redis', restore, never);
			}
			// One that takes long enough to be renewed.
			const held = await holdStill(await connectDocker(connection), { containers: [], how: 'pause' }, never);
			await wait(renewEveryMs + 500);
			await held.release();

			const documented = Object.values(operations).map(({ call }) => call);
			expect([...new Set(proxy.calls)].sort()).toEqual(documented.sort());
		} finally {
			await proxy.close();
			await engine.stop();
			await rm(root, { recursive: true, force: true });
		}
	});
});
