import { dirname } from 'node:path';
import type { ArtifactRequest, Component, Compression } from '../../core/artifact/index.ts';
import type { DumpRequest } from '../../core/postgres/dump/dumpRequest.ts';
import type { DumpJob, Job } from './jobs.ts';
import {
	archiveDirectory,
	builtInDump,
	builtInSnapshot,
	copyBackups,
	createArtifact,
	dockerDump,
	drill,
	localDump,
	openDestination,
	readManifest,
	restoreDump,
	verifyPostgresArtifact,
	verifyArchiveArtifact,
} from './package.ts';

const { signal } = new AbortController();

/** Does the work as n8n's nodes do it: through the one pipeline, with census, SHA-256, fsync and manifest. */
export async function doJob(job: Job): Promise<void> {
	switch (job.kind) {
		case 'dump':
			for (const database of job.databases) {
				const dump: DumpRequest = { database, selection: {}, noOwner: false, noPrivileges: false };
				const source =
					job.engine === 'built-in'
						? builtInDump(job.connection, dump)
						: localDump(job.connection, dump, { pgDumpPath: 'pg_dump' });
				await createArtifact(request(job, 'postgres', database, 'sql'), source, signal);
			}
			return;
		case 'container-dump': {
			const connection = { kind: 'socket', path: job.socketPath } as const;
			const dump: DumpRequest = { database: '', selection: {}, noOwner: false, noPrivileges: false };
			const source = dockerDump(connection, job.container, dump);
			await createArtifact(request(job, 'postgres', 'container', 'sql'), source, signal);
			return;
		}
		case 'snapshot':
			await createArtifact(request(job, 'redis', 'dump', 'rdb'), builtInSnapshot(job.connection), signal);
			return;
		case 'archive':
			await createArtifact(
				request(job, 'n8n', 'n8n_data', 'tar'),
				archiveDirectory({ directory: job.directory, readBack: job.readBack }),
				signal,
			);
			return;
		case 'verify': {
			const verify = job.component === 'postgres' ? verifyPostgresArtifact : verifyArchiveArtifact;
			const report = await verify({ path: job.path, manifest: await readManifest(job.path) }, signal);
			if (report.result !== 'passed') throw new Error(`${job.path} did not pass its verification`);
			return;
		}
		case 'restore': {
			const { connection, path: artifactPath, database } = job;
			const manifest = await readManifest(artifactPath);
			const target = { kind: 'new', database } as const;
			const { comparison } = await restoreDump({ artifactPath, manifest, connection, target }, signal);
			if (comparison?.differences.length !== 0) throw new Error(`${database} is not what was backed up`);
			return;
		}
		case 'drill': {
			const root = dirname(dirname(job.path));
			const report = await drill({ root, timeZone: 'UTC', artifactPath: job.path }, signal);
			if (report.result !== 'passed')
				throw new Error(`The drill: ${report.result} ${report.obstacle?.message}`);
			return;
		}
		case 'copy': {
			const { root, ...place } = job;
			const s3 = { ...place, kind: 's3', region: 'us-east-1', forcePathStyle: true } as const;
			await using destination = await openDestination(s3, signal);
			const [only] = await copyBackups({ root, timeZone: 'UTC', destination }, signal);
			if (only?.outcome !== 'copied') throw new Error('Nothing was copied', { cause: only?.error });
		}
	}
}

type Making = Pick<DumpJob, 'backupDirectory' | 'encryption'> & { compression?: Compression };

function request(
	{ backupDirectory, compression, encryption }: Making,
	component: Component,
	prefix: string,
	extension: string,
): ArtifactRequest {
	return {
		root: backupDirectory,
		component,
		prefix,
		extension,
		compression: compression ?? { method: 'none' },
		encryption,
		timeZone: 'UTC',
		step: prefix,
	};
}
