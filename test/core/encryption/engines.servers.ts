import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import {
	type ArtifactRequest,
	type Component,
	createArtifact,
	type OpenSource,
} from '../../../core/artifact';
import type { DockerConnection } from '../../../core/docker/connection';
import { dockerDump } from '../../../core/postgres/dump/docker/dockerDump';
import { localDump } from '../../../core/postgres/dump/local/localDump';
import { dockerSnapshot } from '../../../core/redis/snapshot/dockerSnapshot';
import { localSnapshot } from '../../../core/redis/snapshot/localSnapshot';
import { type DockerEngine, startDocker } from '../../../lab/servers/docker.ts';
import {
	psql,
	redisCli,
	runPostgresContainer,
	runRedisContainer,
} from '../../../lab/servers/dockerContainers.ts';
import { startPostgres } from '../../../lab/servers/postgres';
import { startRedis } from '../../../lab/servers/redis';
import { ageDecrypt, ageKeygen } from '../../support/age';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { describeDocker } from '../docker/support/describeDocker.ts';
import { connectionTo, requestFor } from '../postgres/support/dumps';
import { connectionTo as redisAt } from '../redis/support';

jest.setTimeout(240_000);

const directory = temporaryDirectory();
const { identity, recipient } = ageKeygen();

/** What age's own program finds in the backup that a source makes. */
async function decrypted(component: Component, open: OpenSource): Promise<Buffer> {
	const request: ArtifactRequest = {
		...{ root: directory.path(), component, prefix: 'made', timeZone: 'utc', step: 'Backing up' },
		...{ extension: component === 'redis' ? 'rdb' : 'sql', encryption: { recipients: [recipient] } },
		compression: { method: component === 'redis' ? 'none' : 'gzip' },
	};
	const { path, manifest } = await createArtifact(request, open, new AbortController().signal);
	expect(path).toMatch(/\.age$/);
	expect(manifest.encryption).toEqual({ format: 'age', recipients: [`${recipient.slice(0, 16)}…`] });
	return await ageDecrypt(path, identity);
}

function expectDump(decryptedBytes: Buffer): void {
	const sql = gunzipSync(decryptedBytes).toString();
	expect(sql).toMatch(/COPY public\.kept \(id\) FROM stdin;\n1\n2\n3\n\\\.\n/);
	expect(sql).toContain('-- PostgreSQL database dump complete');
}

async function expectSnapshot(rdb: Buffer): Promise<void> {
	await writeFile(directory.path('dump.rdb'), rdb);
	const said = execFileSync('redis-check-rdb', [directory.path('dump.rdb')], { encoding: 'utf8' });
	expect(said).toMatch(/1 keys read/);
}

const table = 'CREATE TABLE kept AS SELECT g AS id FROM generate_series(1, 3) g';

describe('What the engine local backs up', () => {
	it('of PostgreSQL is encrypted, and age opens it', async () => {
		const server = await startPostgres();
		try {
			await server.createDatabase('shop');
			await server.psql(table, { database: 'shop' });
			const open = localDump(connectionTo(server), requestFor('shop'), { pgDumpPath: 'pg_dump' });
			expectDump(await decrypted('postgres', open));
		} finally {
			await server.stop();
		}
	});

	it('of Redis is encrypted, and age opens it', async () => {
		const server = await startRedis();
		try {
			await server.cli('SET', 'kept', 'yes');
			await expectSnapshot(await decrypted('redis', localSnapshot(redisAt(server))));
		} finally {
			await server.stop();
		}
	});
});

describeDocker('What the engine docker backs up', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	beforeAll(async () => {
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
	});
	afterAll(async () => await engine?.stop());

	it('of PostgreSQL is encrypted, and age opens it', async () => {
		const server = await runPostgresContainer(engine, { name: 'postgres' });
		await psql(server, table);
		expectDump(await decrypted('postgres', dockerDump(connection, 'postgres', requestFor(''))));
	});

	it('of Redis is encrypted, and age opens it', async () => {
		const server = await runRedisContainer(engine, { name: 'redis' });
		await redisCli(server, ['SET', 'kept', 'yes']);
		await expectSnapshot(await decrypted('redis', dockerSnapshot(connection, 'redis')));
	});
});
