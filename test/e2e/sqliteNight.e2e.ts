import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Editor } from '../../lab/n8n/editor.ts';
import type { Execution } from '../../lab/n8n/execution.ts';
import { n8nVersion } from '../../lab/n8n/ensureN8n.ts';
import { manualTrigger, nightlySqliteBackup } from '../../lab/n8n/nightlyBackup.ts';
import { type N8nWithFiles, startSqliteStack } from '../../lab/n8n/stack.ts';
import { startN8n } from '../../lab/n8n/startN8n.ts';
import { fillIn, shippedWorkflow, type Choices, type Workflow } from '../../lab/n8n/workflow.ts';
import { seedWorkflows } from '../../lab/seed/n8nData.ts';
import { type Manifest, manifestPath } from '../../core/artifact';
import { findFaults, listBackups } from '../../scripts/demo/artifacts.ts';
import { root } from '../../scripts/lib/paths.ts';
import { command } from '../../lab/command';
import { eventually } from '../../lab/eventually';
import { writeBackup } from '../support/writeBackup';
import { callingWorkflow } from './support/callingWorkflow';
import { onlyArtifact } from './support/backupFiles';
import { startReceiver, type HttpReceiver } from './support/httpReceiver';
import { startMailServer } from './support/mailServer';
import { unpack } from './support/restore';

jest.setTimeout(120_000);

let stack: N8nWithFiles;
let receiver: HttpReceiver;
/** Calls the receiver with a secret that only the encryption key reveals. */
let callingId: string;
const cleanUps: Array<() => Promise<void>> = [];

beforeAll(async () => {
	receiver = await startReceiver();
	cleanUps.push(() => receiver.stop());
	stack = await startSqliteStack();
	cleanUps.push(() => stack.stop());
	await seedWorkflows(stack.editor);
	const credential = await stack.editor.createCredential('Receiver', 'httpQueryAuth', {
		...{ name: 'key', value: 'only-the-encryption-key-reveals-this' },
	});
	({ id: callingId } = await stack.editor.createWorkflow(
		callingWorkflow(receiver.url('/called'), credential),
	));
}, 300_000);

afterAll(async () => {
	for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) await cleanUp();
});

let directories = 0;

async function runNight(
	settings: Choices['settings'] = {},
): Promise<{ execution: Execution; backupDirectory: string }> {
	const backupDirectory = join(stack.directory, `night-${++directories}`);
	await mkdir(backupDirectory);
	receiver.requests.length = 0;
	const workflow = await nightlySqliteBackup(stack, { backupDirectory, ...told(), ...settings });
	const saved = await stack.editor.createWorkflow(workflow);
	return { execution: await stack.editor.run(saved, manualTrigger), backupDirectory };
}

const told = () => ({
	notificationUrl: receiver.url('/failed'),
	successUrl: receiver.url('/succeeded'),
});

/** What was told, as lines, and where to. */
const heard = () =>
	receiver.requests.map(({ path, body }) => ({
		path,
		lines: (path === '/failed' ? (JSON.parse(body) as { text: string }).text : body).split('\n'),
	}));

/** What the report says of the disk. */
const room = /^The disk has room for [\d,]+ more nights like this$/;

/** Of a database as SQLite's own program reads it. */
async function countRows(database: string): Promise<number> {
	const sqlite3 = async (sql: string) => {
		const { stdout } = await promisify(execFile)('sqlite3', ['-readonly', database, sql]);
		return stdout.trim().split('\n');
	};
	const tables = await sqlite3(
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
	);
	const counts = await sqlite3(
		tables.map((table) => `SELECT count(*) FROM "${table.replaceAll('"', '""')}"`).join(' UNION ALL '),
	);
	return counts.reduce((sum, count) => sum + Number(count), 0);
}

describe('a night of an n8n on SQLite', () => {
	let execution: Execution;
	let backupDirectory: string;

	beforeAll(async () => {
		({ execution, backupDirectory } = await runNight());
	}, 120_000);

	test('is green and saves the data folder, .env and the Compose file', async () => {
		expect(execution).toMatchObject({ status: 'success', error: undefined });
		expect(findFaults(await listBackups(backupDirectory), ['n8n', 'env'])).toEqual([]);
		expect((await readdir(backupDirectory)).sort()).toEqual(['env', 'n8n']);
		const compose = await onlyArtifact(backupDirectory, 'compose');
		expect(await readFile(compose, 'utf8')).toBe(await readFile(stack.composeFile, 'utf8'));
	});

	test('tells of the rows that SQLite’s own program counts in the archive, and that they were restored', async () => {
		const target = join(stack.directory, 'unpacked');
		await unpack(await onlyArtifact(backupDirectory, 'n8n'), target);
		const rows = (await countRows(join(target, 'database.sqlite'))).toLocaleString('en');
		expect(heard()).toEqual([
			{
				path: '/succeeded',
				lines: [
					'Backup finished.',
					expect.stringMatching(
						`^✓ n8n’s data: [\\d.]+ MB in \\d+ m?s, [\\d,]+ files and folders, ${rows} rows in SQLite, restored inside n8n in \\d+ m?s$`,
					),
					expect.stringMatching(/^✓ \.env: \d+ B$/),
					expect.stringMatching(/^✓ Compose file: [\d.]+ kB$/),
					expect.stringMatching(room),
				],
			},
		]);
	});

	test('begins, by hand, with the check of the set-up, which finds every path usable', () => {
		const findings = execution.nodes['Check Setup']!.outputs[0]! as Array<{ check: string; result: string }>;
		const resultOf = (check: string) => findings.find((finding) => finding.check === check)?.result;
		expect(['backup directory', 'data folder', 'encryption key'].map(resultOf)).toEqual([
			...['passed', 'passed', 'passed'],
		]);
	});

	test('has decrypted stored credentials with the key that was saved', async () => {
		const artifact = await onlyArtifact(backupDirectory, 'n8n');
		const { drill } = JSON.parse(await readFile(manifestPath(artifact), 'utf8')) as Manifest;
		expect(drill).toMatchObject({ result: 'passed' });
		expect(drill!.findings.join('\n')).toMatch(/credential: passed\. \d+ of \d+ stored credentials/);
	});

	test('is proven again by the weekly drill, which skips what nobody has', async () => {
		receiver.requests.length = 0;
		const drill = fillIn(await shippedWorkflow('restore-drill.json'), {
			credentials: {},
			settings: { backupDirectory, ...told() },
		});
		const saved = await stack.editor.createWorkflow(drill);
		expect(await stack.editor.run(saved, manualTrigger)).toMatchObject({
			...{ status: 'success', error: undefined },
		});
		const [archive, env, compose] = [
			basename(await onlyArtifact(backupDirectory, 'n8n')),
			basename(await onlyArtifact(backupDirectory, 'env')),
			basename(await onlyArtifact(backupDirectory, 'compose')),
		];
		const [{ path, lines } = { lines: [] as string[] }] = heard();
		expect(path).toBe('/succeeded');
		expect(lines).toHaveLength(7);
		expect(lines).toEqual(
			expect.arrayContaining([
				'The restore drill passed: the newest backups are proven.',
				expect.stringMatching(`^✓ ${archive}: read again to its last byte, [\\d.]+ MB$`),
				expect.stringMatching(`^✓ ${archive}: restored inside n8n in \\d+ m?s, [\\d,]+ rows$`),
				expect.stringMatching(`^✓ ${env}: read again to its last byte, \\d+ B$`),
				expect.stringMatching(`^✓ ${compose}: read again to its last byte, [\\d.]+ kB$`),
				'– PostgreSQL: no backups, skipped',
				'– Redis: no backups, skipped',
			]),
		);
	});
});

describe('a night of an n8n on SQLite is red', () => {
	test.each([
		['envFile', '.env', 'Compose file', 'compose'],
		['composeFile', 'Compose file', '.env', 'env'],
	] as const)('when the %s is not there, and names it', async (setting, name, other, saved) => {
		const { execution, backupDirectory } = await runNight({ [setting]: join(stack.directory, 'no-file') });
		expect(execution).toMatchObject({ status: 'error', failedNode: 'Backup Failed' });
		expect(heard()).toEqual([
			{
				path: '/failed',
				lines: [
					`Backup failed: ${name}.`,
					expect.stringMatching(`^✗ ${name}: .*no-file`),
					expect.stringMatching(/^✓ n8n’s data: .*restored inside n8n/),
					expect.stringMatching(`^✓ ${other}: `),
					expect.stringMatching(room),
				],
			},
		]);
		await onlyArtifact(backupDirectory, 'n8n');
		await onlyArtifact(backupDirectory, saved);
	});

	test('when the folder is another one, without a database', async () => {
		const other = join(stack.directory, 'project');
		// With nothing else to save: the night must not end at the drill.
		const { execution } = await runNight({
			...{ n8nDataDirectory: other, useEnvFile: false, composeFile: '' },
		});
		expect(execution).toMatchObject({ status: 'error', failedNode: 'Backup Failed' });
		expect(heard()[0]!.lines.slice(0, 2)).toEqual([
			'Backup failed: n8n’s data.',
			expect.stringMatching(/^✗ n8n’s data: .*holds no SQLite database/),
		]);
	});
});

test('a night without .env and Compose file is green where Settings say so, and names what it skipped', async () => {
	const { execution, backupDirectory } = await runNight({
		...{ useEnvFile: false, envFile: join(stack.directory, 'no.env'), composeFile: '' },
	});
	expect(execution).toMatchObject({ status: 'success', error: undefined });
	expect(heard()[0]!.lines.slice(-3, -1)).toEqual([
		'– .env: skipped, as Settings say',
		'– Compose file: skipped, as Settings say',
	]);
	expect(await readdir(backupDirectory)).toEqual(['n8n']);
});

test('the weekly drill of an empty directory is red', async () => {
	receiver.requests.length = 0;
	const backupDirectory = join(stack.directory, 'empty');
	await mkdir(backupDirectory);
	const drill = fillIn(await shippedWorkflow('restore-drill.json'), {
		credentials: {},
		settings: { backupDirectory, ...told() },
	});
	const saved = await stack.editor.createWorkflow(drill);
	expect(await stack.editor.run(saved, manualTrigger)).toMatchObject({
		...{ status: 'error', failedNode: 'Drill Failed' },
	});
	expect(heard()[0]!.lines.slice(0, 2)).toEqual([
		'Restore drill failed.',
		`✗ backups: There is no backup in ${backupDirectory}.`,
	]);
});

describe('the report', () => {
	const visitor = { user: 'ada', password: 'only-for-the-report' };
	const authorization = `Basic ${Buffer.from(`${visitor.user}:${visitor.password}`).toString('base64')}`;

	async function report(backupDirectory: string): Promise<Workflow> {
		const name = `Visitors ${++directories}`;
		return fillIn(await shippedWorkflow('backup-report.json'), {
			credentials: { httpBasicAuth: await stack.editor.createCredential(name, 'httpBasicAuth', visitor) },
			settings: { backupDirectory, notificationUrl: receiver.url('/failed') },
		});
	}

	const look = async (headers: Record<string, string> = {}) =>
		await fetch(`${stack.n8n.url}/webhook/backup-report`, { headers });

	test('is a page for those who sign in, and for nobody else', async () => {
		const { backupDirectory } = await runNight();
		const saved = await stack.editor.createWorkflow(await report(backupDirectory));
		await stack.editor.activate(saved);
		try {
			await eventually(async () => expect((await look()).status).not.toBe(404));
			expect((await look()).status).toBe(401);
			const response = await look({ authorization });
			expect([response.status, response.headers.get('content-type')]).toEqual([
				...[200, 'text/html; charset=utf-8'],
			]);
			const page = await response.text();
			expect(page).toContain('<title>All 3 backups are good</title>');
			expect(page).toContain(basename(await onlyArtifact(backupDirectory, 'n8n')));
		} finally {
			await stack.editor.deactivate(saved);
		}
	});

	test('is a mail on Mondays, with the page in it', async () => {
		const mail = await startMailServer();
		try {
			const { backupDirectory } = await runNight();
			const smtp = { host: '127.0.0.1', port: mail.port, secure: false, disableStartTls: true };
			const weekly = fillIn(await report(backupDirectory), {
				credentials: { smtp: await stack.editor.createCredential('Mail', 'smtp', smtp) },
				settings: { mailFrom: 'n8n@example.com', mailTo: 'ada@example.com' },
			});
			const saved = await stack.editor.createWorkflow(weekly);
			expect(await stack.editor.run(saved, 'Every Monday at 7')).toMatchObject({ status: 'success' });

			const { from, to, text } = mail.mails[0]!;
			expect([from, to, mail.mails.length]).toEqual(['n8n@example.com', ['ada@example.com'], 1]);
			expect(text).toContain('\nSubject: All backups are good.\n');
			expect(readable(text)).toContain('<title>All 3 backups are good</title>');
			expect(readable(text)).toContain(basename(await onlyArtifact(backupDirectory, 'n8n')));
		} finally {
			await mail.stop();
		}
	});

	/** Of a mail in quoted-printable (RFC 2045). */
	const readable = (text: string) =>
		text
			.replaceAll('=\n', '')
			.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

	test('is silent in the morning when all is good', async () => {
		const { backupDirectory } = await runNight();
		receiver.requests.length = 0;
		const saved = await stack.editor.createWorkflow(await report(backupDirectory));
		expect(await stack.editor.run(saved, manualTrigger)).toMatchObject({ status: 'success' });
		expect(receiver.requests).toEqual([]);
	});

	test('tells in the morning of a night that n8n slept through', async () => {
		const backupDirectory = join(stack.directory, 'slept');
		await mkdir(backupDirectory);
		const twoNightsAgo = new Date(Date.now() - 50 * 3_600_000);
		const stamp = twoNightsAgo.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);
		await writeBackup(backupDirectory, { component: 'n8n', prefix: 'n8n_data', stamp });
		receiver.requests.length = 0;
		const saved = await stack.editor.createWorkflow(await report(backupDirectory));
		expect(await stack.editor.run(saved, manualTrigger)).toMatchObject({
			...{ status: 'error', failedNode: 'Backups Need a Look' },
		});
		expect(heard()).toEqual([
			{
				path: '/failed',
				lines: [
					'The backups need a look.',
					'✗ n8n n8n_data: late. The newest good backup is 50 hours old; one is expected every 24.',
				],
			},
		]);
	});

	test.each([
		['/var/backups', /^✗ .*N8N_RESTRICT_FILE_ACCESS_TO/],
		['empty-directory', /^✗ There are none\.$/],
	])('tells of a directory that nothing can be said of (%s)', async (name, reason) => {
		const backupDirectory = join(stack.directory, name);
		if (!name.startsWith('/')) await mkdir(backupDirectory);
		receiver.requests.length = 0;
		const directory = name.startsWith('/') ? name : backupDirectory;
		const saved = await stack.editor.createWorkflow(await report(directory));
		expect(await stack.editor.run(saved, manualTrigger)).toMatchObject({ status: 'error' });
		expect(heard()[0]!.lines).toEqual(['The backups need a look.', expect.stringMatching(reason)]);
	});
});

test('n8n imports a workflow from the address that the package gives it', async () => {
	const files = createServer((_, response) => {
		createReadStream(join(root, 'dist', 'workflows', 'nightly-backup-sqlite.json')).pipe(response);
	});
	await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
	try {
		const { port } = files.address() as AddressInfo;
		const imported = await stack.editor.importFromUrl(
			`http://127.0.0.1:${port}/npm/n8n-nodes-backup/dist/workflows/nightly-backup-sqlite.json`,
		);
		expect(imported).toEqual(
			expect.objectContaining({ nodes: (await shippedWorkflow('nightly-backup-sqlite.json')).nodes }),
		);
	} finally {
		files.close();
	}
});

test('a data folder of a newer n8n is restored with a warning', async () => {
	const data = join(stack.directory, 'newer');
	const backupDirectory = join(stack.directory, 'of-newer');
	for (const folder of [data, backupDirectory]) await mkdir(folder);
	await promisify(execFile)('sqlite3', [
		join(data, 'database.sqlite'),
		`CREATE TABLE workflow_entity (id); CREATE TABLE credentials_entity (id); CREATE TABLE execution_entity (id);
		CREATE TABLE migrations (id INTEGER PRIMARY KEY, name); INSERT INTO migrations (name) VALUES ('First1');
		CREATE TABLE instance_version_history (id INTEGER PRIMARY KEY, major, minor, patch);
		INSERT INTO instance_version_history (major, minor, patch) VALUES (99, 1, 2)`,
	]);
	const made = await command(['create', 'volume', data, '--json'], {
		N8N_BACKUP_DIRECTORY: backupDirectory,
	});
	const { artifact } = JSON.parse(made.stdout) as Manifest;
	const [from, to] = [manualTrigger, 'Restore'];
	const saved = await stack.editor.createWorkflow({
		name: to,
		nodes: [
			{
				...{ name: from, type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, position: [0, 0] },
				parameters: {},
			},
			{
				...{ name: to, type: 'n8n-nodes-backup.volumeArchive', typeVersion: 1, position: [200, 0] },
				parameters: {
					...{ operation: 'restore', backupDirectory, artifact, kind: 'n8n', artifactInstance: 'unknown' },
					...{ destination: join(stack.directory, 'restored-newer'), options: {} },
				},
			},
		],
		connections: { [from]: { main: [[{ node: to, type: 'main', index: 0 }]] } },
	});
	const { status, error, nodes } = await stack.editor.run(saved, manualTrigger);
	expect({ status, error }).toEqual({ status: 'success', error: undefined });
	expect(nodes[to]!.outputs[0]![0]).toMatchObject({
		warnings: [
			expect.stringMatching(
				`^The backup is of n8n 99\\.1\\.2, and n8n ${n8nVersion.replaceAll('.', '\\.')} is to use it, which is older`,
			),
		],
	});
});

describe('after the data folder is lost', () => {
	test('the command brings it back, and n8n runs on it and decrypts its credentials', async () => {
		const { backupDirectory } = await runNight();
		const key = /^N8N_ENCRYPTION_KEY=(.+)$/m.exec(await readFile(stack.envFile, 'utf8'))![1]!;
		await stack.n8n.stop();
		await rm(stack.n8nDataDirectory, { recursive: true });
		await writeFile(stack.envFile, '');

		const run = async (...args: string[]) => await command(args, { N8N_BACKUP_DIRECTORY: backupDirectory });
		const restored = join(stack.directory, 'restored');
		await mkdir(restored);
		for (const args of [
			['restore', 'file', 'newest', '--prefix', 'env', '--to', join(restored, '.env')],
			['restore', 'volume', 'newest', '--to', join(restored, '.n8n')],
		]) {
			expect(await run(...args)).toMatchObject({ exitCode: 0, stderr: '' });
		}
		expect(await readFile(join(restored, '.env'), 'utf8')).toContain(`N8N_ENCRYPTION_KEY=${key}\n`);

		const n8n = await startN8n({
			...{ userFolder: restored, allowedPaths: [stack.directory] },
			env: { N8N_ENCRYPTION_KEY: key },
		});
		cleanUps.push(() => n8n.stop());
		const editor = await Editor.open(n8n.url);
		receiver.requests.length = 0;
		expect(await editor.run({ id: callingId }, manualTrigger)).toMatchObject({
			...{ status: 'success', error: undefined },
		});
		expect(receiver.requests.map(({ path }) => path)).toEqual([
			'/called?key=only-the-encryption-key-reveals-this',
		]);
	});
});
