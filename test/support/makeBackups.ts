import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
	type Artifact,
	type ArtifactRequest,
	type Census,
	type Component,
	type CompressionMethod,
	createArtifact,
	type OpenSource,
} from '../../core/artifact';
import type { EncryptionKeys } from '../../core/encryption';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { copyFile } from '../../core/volume/copyFile';
import { key, rdb, selectDb, string } from '../core/redis/rdb/rdbBuilder';

/** A dump as pg_dump writes it, of a table with two rows. */
export const dumpText = `--
-- PostgreSQL database dump
--

-- Dumped from database version 17.5
-- Dumped by pg_dump version 18.3

SET client_encoding = 'UTF8';

CREATE TABLE public.workflow_entity (
    id integer,
    name text
);

COPY public.workflow_entity (id, name) FROM stdin;
1	Nightly backup
2	Restore drill
\\.

--
-- PostgreSQL database dump complete
--

`;

/** Makes a backup of each component by the pipeline that makes them all, without any server. */
export async function makeBackups(
	root: string,
	compression: CompressionMethod = 'gzip',
	encryption?: EncryptionKeys,
): Promise<Record<Component, Artifact>> {
	const data = join(root, '..', 'data');
	await mkdir(join(data, 'nodes'), { recursive: true });
	await writeFile(join(data, 'config'), '{"encryptionKey":"of-the-test"}');
	await writeFile(join(data, 'nodes', 'package.json'), '{}'.repeat(500));
	const envFile = join(root, '..', '.env');
	await writeFile(envFile, 'N8N_ENCRYPTION_KEY=of-the-test\n');
	const snapshot = rdb([selectDb(0), key(0, 'bull:jobs:id', string('7'))]);

	const make = async (
		component: Component,
		extension: string,
		method: CompressionMethod,
		source: OpenSource,
	) => {
		const request: ArtifactRequest = {
			root,
			component,
			prefix: component,
			extension,
			compression: { method },
			encryption,
			timeZone: 'utc',
			step: 'making a backup',
		};
		return await createArtifact(request, source, new AbortController().signal);
	};
	const tables = { 'public.workflow_entity': 2 };
	return {
		postgres: await make(
			'postgres',
			'sql',
			compression,
			bytes(dumpText, { kind: 'postgres', tables, rows: 2 }),
		),
		redis: await make(
			'redis',
			'rdb',
			'none',
			bytes(snapshot, { kind: 'redis', keys: 1, rdbVersion: 10, checksum: 'verified' }),
		),
		n8n: await make('n8n', 'tar', compression, archiveDirectory({ directory: data })),
		env: await make('env', 'backup', 'none', copyFile({ path: envFile })),
	};
}

function bytes(content: string | Buffer, census: Census): OpenSource {
	const source = { host: 'db' };
	const facts = { source, engine: { name: 'built-in' as const, version: '1' }, census, warnings: [] };
	const open = () => ({
		stream: Readable.from([Buffer.from(content)], { objectMode: false }),
		finished: Promise.resolve(facts),
	});
	return async () => await Promise.resolve(open());
}
