import { spawn } from 'node:child_process';
import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createArtifact } from '../../core/artifact';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { dumpText } from '../core/postgres/support/restoring';
import { sqlite3 } from '../core/volume/sqlite/support/processes';
import { program } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';
import { bashBlocks, readDocument } from './support/blocks';

jest.setTimeout(180_000);

const directory = temporaryDirectory();
const rows = '1\tFirst\t2026-11-23 02:00:00+00\n2\tSecond\t2026-11-24 02:00:00+00\n\\.';

beforeEach(async () => {
	for (const name of ['bin', 'backups', 'data']) await mkdir(directory.path(name));
	const command = directory.path('bin', 'n8n-backup');
	await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
	await chmod(command, 0o755);
	await writeBackup(directory.path('backups'), {
		stamp: '20260101_020000',
		content: dumpText(
			`CREATE TABLE public.workflow_entity (id int, name text, "updatedAt" timestamptz);
COPY public.workflow_entity (id, name, "updatedAt") FROM stdin;\n${rows}`,
		),
	});
	sqlite3(
		directory.path('data', 'database.sqlite'),
		'CREATE TABLE workflow_entity (id); INSERT INTO workflow_entity VALUES (1), (2), (3)',
	);
	await createArtifact(
		{
			...{ root: directory.path('backups'), component: 'n8n', prefix: 'n8n_data', extension: 'tar' },
			...{ compression: { method: 'gzip' }, timeZone: 'utc', step: 'archiving' },
		},
		archiveDirectory({ directory: directory.path('data') }),
		new AbortController().signal,
	);
});

test('the queries that the document shows, run as they are written', async () => {
	const blocks = bashBlocks(await readDocument('recover-workflow.md'));
	expect(blocks).toHaveLength(1);
	const child = spawn('bash', ['--norc', '-e', '-u', '-o', 'pipefail', '-c', blocks[0]!.commands], {
		cwd: directory.path(),
		env: {
			PATH: [directory.path('bin'), process.env.PATH].join(':'),
			N8N_BACKUP_DIRECTORY: directory.path('backups'),
		},
	});
	let output = '';
	child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
	const exitCode = await new Promise((resolve) => child.once('close', resolve));

	expect({ exitCode, output }).toEqual({
		exitCode: 0,
		output:
			'{"name":"Second","updatedAt":"2026-11-24T02:00:00Z"}\n' +
			'{"name":"First","updatedAt":"2026-11-23T02:00:00Z"}\n' +
			'{"workflows":3}\n',
	});
	expect(await readFile(directory.path('workflows.csv'), 'utf8')).toBe('id,name\n1,First\n2,Second\n');
});

test('the pictures that the document shows are there', async () => {
	const pictures = [...(await readDocument('recover-workflow.md')).matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)];
	expect(pictures).toHaveLength(4);
	for (const [, path] of pictures) await access(join(process.cwd(), 'docs', path!));
});
