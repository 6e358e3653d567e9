import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Search } from '../../attacks/secrets/marks.ts';
import { rowsOf, Traces } from '../../attacks/secrets/traces.ts';
import { findFaults, listBackups } from '../../scripts/demo/artifacts.ts';
import { drillNode } from '../../scripts/demo/drillItem.ts';
import { saveOutputs } from '../../scripts/demo/outputPictures.ts';
import { root } from '../../scripts/lib/paths.ts';
import type { CredentialReference } from '../../lab/n8n/editor.ts';
import type { Execution } from '../../lab/n8n/execution.ts';
import { n8nVersion } from '../../lab/n8n/ensureN8n.ts';
import {
	createCredentials,
	createS3Credential,
	manualTrigger,
	nightlyBackup,
	type OffSite,
	withOffSite,
} from '../../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow, type Choices, type Workflow } from '../../lab/n8n/workflow.ts';
import { seedN8n } from '../../lab/seed/n8nData.ts';
import { seedRedis } from '../../lab/seed/redisQueue.ts';
import { freePort } from '../../lab/servers/freePort.ts';
import { components, type Manifest, manifestPath, type PostgresCensus } from '../../core/artifact';
import {
	artifactsOf,
	filesOf,
	oldBackupsLeft,
	onlyArtifact,
	parts,
	writeOldBackups,
} from './support/backupFiles';
import { startReceiver, type HttpReceiver } from './support/httpReceiver';
import { restoreDump, startRedisOn, unpack } from './support/restore';
import { describeRows } from './support/rows';
import { mountSmallDisk } from './support/smallDisk';
import { describeTree } from '../support/describeTree';

jest.setTimeout(120_000);

let stack: Stack;
let receiver: HttpReceiver;
let credentials: Record<'postgres' | 'redis', CredentialReference>;

beforeAll(async () => {
	receiver = await startReceiver();
	stack = await startStack();
	credentials = await createCredentials(stack);
	await seedN8n(stack.editor, stack.database, 500);
	await seedRedis(stack.redis, 1000);
	await seedDataDirectory(stack.n8nDataDirectory);
	await stack.postgres.psql(
		`SET ROLE n8n;
		CREATE TABLE "Odd ""name"" – ü" (id int, bytes bytea, text text);
		INSERT INTO "Odd ""name"" – ü" VALUES (1, '\\x00ff0a', E'tab\\tback\\\\slash\\nline'), (2, NULL, '\\.'), (3, '', '')`,
		{ database: 'n8n' },
	);
}, 300_000);

afterAll(async () => {
	await stack?.stop();
	await receiver?.stop();
});

/** What an n8n keeps beside its config: binary data of executions, a link, an empty folder, names of any kind. */
async function seedDataDirectory(directory: string): Promise<void> {
	const binaryData = join(directory, 'binaryData', 'workflows', 'Grüße "zitiert" $HOME');
	await mkdir(binaryData, { recursive: true });
	await mkdir(join(directory, 'custom', 'empty'), { recursive: true });
	await writeFile(
		join(binaryData, 'photo.bin'),
		Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251)),
	);
	await writeFile(join(binaryData, 'a name with spaces '.repeat(9).trim()), 'long name');
	await chmod(join(binaryData, 'photo.bin'), 0o640);
	await utimes(join(binaryData, 'photo.bin'), 1_600_000_000, 1_600_000_000);
	await symlink('../config', join(directory, 'custom', 'link-to-config'));
}

let directories = 0;

/** Runs the nightly workflow by hand with a new backup directory that holds two old backups of each component. */
async function runNight(
	settings: Choices['settings'] = {},
	otherCredentials: Partial<typeof credentials> = {},
	offSite?: OffSite,
): Promise<{ execution: Execution; backupDirectory: string }> {
	const backupDirectory = join(stack.directory, `night-${++directories}`);
	if (settings.backupDirectory === undefined) {
		await mkdir(backupDirectory);
		await writeOldBackups(backupDirectory, await stack.editor.instanceId());
	}
	receiver.requests.length = 0;
	const workflow = await nightlyBackup(
		stack,
		{ ...credentials, ...otherCredentials },
		{
			backupDirectory,
			keepDays: 1,
			keepLast: 1,
			notificationUrl: receiver.url('/failed'),
			successUrl: receiver.url('/succeeded'),
			...settings,
		},
	);
	const saved = await stack.editor.createWorkflow(offSite ? withOffSite(workflow, offSite) : workflow);
	return { execution: await stack.editor.run(saved, manualTrigger), backupDirectory };
}

async function readManifest(artifact: string): Promise<Manifest> {
	return JSON.parse(await readFile(manifestPath(artifact), 'utf8')) as Manifest;
}

describe('the packed package in a real n8n', () => {
	test('every node and credential loads under the name of the package', async () => {
		const types = await stack.editor.nodeTypes();
		expect(types.filter((name) => name.startsWith('n8n-nodes-backup.')).sort()).toEqual([
			'n8n-nodes-backup.offSiteCopy',
			'n8n-nodes-backup.postgresBackup',
			'n8n-nodes-backup.pruneBackups',
			'n8n-nodes-backup.pruneBackupsTool',
			'n8n-nodes-backup.redisSnapshot',
			'n8n-nodes-backup.volumeArchive',
		]);
		expect(await stack.editor.credentialTypes()).toContain('dockerEngineApi');
	});

	test.each(readdirSync('workflows'))('n8n’s own import command takes %s as it is', async (file) => {
		const { exitCode, output } = await stack.n8n.command(
			'import:workflow',
			`--input=${join(root, 'dist', 'workflows', file)}`,
		);
		expect(output).toContain('Successfully imported 1 workflow');
		expect(exitCode).toBe(0);
	});

	test('the shipped workflow starts at 2 AM and holds no credential', async () => {
		const { nodes } = await shippedWorkflow('nightly-backup.json');
		const schedule = nodes.find(({ type }) => type === 'n8n-nodes-base.scheduleTrigger');
		expect(schedule?.parameters).toEqual({
			rule: { interval: [{ field: 'cronExpression', expression: '0 2 * * *' }] },
		});
		expect(nodes.filter((node) => node.credentials !== undefined)).toEqual([]);
	});
});

describe('a night when all goes well', () => {
	let execution: Execution;
	let backupDirectory: string;
	let before: { rows: Awaited<ReturnType<typeof describeRows>>; keys: string; tree: Record<string, string> };

	beforeAll(async () => {
		before = {
			rows: await describeRows(stack.postgres, 'n8n'),
			keys: await stack.redis.cli('DEBUG', 'DIGEST'),
			tree: await describeTree(stack.n8nDataDirectory),
		};
		({ execution, backupDirectory } = await runNight());
	}, 120_000);

	test('the execution is green, the success is reported and no failure', () => {
		expect(execution).toMatchObject({ status: 'success', error: undefined });
		const { text } = execution.nodes.Outcome!.outputs[0]![0]!;
		expect(receiver.requests).toEqual([{ method: 'POST', path: '/succeeded', body: text }]);
	});

	test('what is told is a line for each component with its figures, which are those of the manifests', async () => {
		const { census } = await readManifest(await onlyArtifact(backupDirectory, 'postgres'));
		const rows = (census as PostgresCensus).rows.toLocaleString('en');
		expect(receiver.requests[0]!.body.split('\n')).toEqual([
			'Backup finished.',
			expect.stringMatching(
				`^✓ PostgreSQL n8n: [\\d.]+ [kM]B in [\\d.]+ m?s, ${rows} rows, restored inside n8n in \\d+ m?s$`,
			),
			expect.stringMatching(/^✓ Redis: [\d.]+ kB in \d+ m?s, 1,\d{3} keys$/),
			expect.stringMatching(/^✓ n8n’s data: [\d.]+ MB in \d+ m?s, [\d,]+ files and folders$/),
			expect.stringMatching(/^✓ \.env: \d+ B$/),
			expect.stringMatching(/^✓ Compose file: [\d.]+ kB$/),
			'Old backups deleted: 10',
			expect.stringMatching(/^The disk has room for [\d,]+ more nights like this$/),
		]);
	});

	test('each part has one artifact, whose bytes are what its manifest says', async () => {
		expect(findFaults(await listBackups(backupDirectory))).toEqual([]);
		const names = await Promise.all(
			parts.map(async (part) => basename(await onlyArtifact(backupDirectory, part))),
		);
		expect(names.sort()).toEqual([
			expect.stringMatching(/^compose_\d{8}_\d{6}\.backup$/),
			expect.stringMatching(/^dump_\d{8}_\d{6}\.rdb$/),
			expect.stringMatching(/^env_\d{8}_\d{6}\.backup$/),
			expect.stringMatching(/^n8n_\d{8}_\d{6}\.sql\.gz$/),
			expect.stringMatching(/^n8n_data_\d{8}_\d{6}\.tar\.gz$/),
		]);
	});

	test('old backups are gone, and nothing but artifacts and manifests is left', async () => {
		expect(await oldBackupsLeft(backupDirectory)).toEqual({
			...{ postgres: 0, redis: 0, n8n: 0, env: 0, compose: 0 },
		});
		const artifacts = await Promise.all(parts.map(async (part) => await onlyArtifact(backupDirectory, part)));
		const all = (await readdir(backupDirectory, { recursive: true, withFileTypes: true }))
			.filter((entry) => !entry.isDirectory())
			.map(({ parentPath, name }) => join(parentPath, name));
		expect(all.sort()).toEqual(artifacts.flatMap((path) => [path, `${path}.manifest.json`]).sort());
	});

	test('the manifest names the n8n that made it, and how far its database is migrated', async () => {
		const artifact = await onlyArtifact(backupDirectory, 'postgres');
		const query = 'SELECT name FROM migrations ORDER BY id DESC LIMIT 1';
		const lastMigration = await stack.postgres.psql(query, { database: 'n8n' });
		expect(await readManifest(artifact)).toMatchObject({
			n8nVersion,
			source: { n8n: { version: n8nVersion, lastMigration } },
		});
	});

	test('only their owner can read the files', async () => {
		for (const component of components) {
			expect(statSync(join(backupDirectory, component)).mode & 0o777).toBe(0o700);
			for (const name of await filesOf(backupDirectory, component)) {
				expect(statSync(join(backupDirectory, component, name)).mode & 0o777).toBe(0o600);
			}
		}
	});

	test('gunzip | psql into an empty database gives the same rows, as many as the manifest counted', async () => {
		const artifact = await onlyArtifact(backupDirectory, 'postgres');
		await restoreDump(stack.postgres, artifact, 'restored');
		const restored = await describeRows(stack.postgres, 'restored');

		const { census } = await readManifest(artifact);
		const counts = Object.fromEntries(Object.entries(restored).map(([table, { rows }]) => [table, rows]));
		expect(census).toMatchObject({ kind: 'postgres', tables: counts });

		// n8n writes to its database while it is backed up: the running execution, its workflow, log-in times.
		const written = Object.keys(before.rows).filter(
			(table) => before.rows[table]?.digest !== restored[table]?.digest,
		);
		const expectedToChange = /execution|workflow|user|insights|statistics|settings|activity|schedul|poller/;
		expect(written.filter((table) => !expectedToChange.test(table))).toEqual([]);
		expect(restored['public."Odd ""name"" – ü"']).toEqual(before.rows['public."Odd ""name"" – ü"']);
		expect(restored['public.credentials_entity']).toEqual(before.rows['public.credentials_entity']);
		const seeded =
			'SELECT md5(string_agg(data, \'\' ORDER BY "executionId")) FROM execution_data WHERE "executionId" <= 500';
		expect(await stack.postgres.query(seeded, { database: 'restored' })).toEqual(
			await stack.postgres.query(seeded, { database: 'n8n' }),
		);
	});

	test('a redis-server started on the RDB has the same keys', async () => {
		const artifact = await onlyArtifact(backupDirectory, 'redis');
		const restored = await startRedisOn(artifact, join(stack.directory, 'redis-restored'));
		try {
			expect(await restored.cli('DEBUG', 'DIGEST')).toBe(before.keys);
			const keys = Number(await restored.cli('DBSIZE'));
			expect(keys).toBeGreaterThan(1000);
			expect((await readManifest(artifact)).census).toMatchObject({ kind: 'redis', keys });
		} finally {
			await restored.stop();
		}
	});

	test('tar x gives the same tree', async () => {
		const target = join(stack.directory, 'data-restored');
		await unpack(await onlyArtifact(backupDirectory, 'n8n'), target);
		const restored = await describeTree(target);
		// n8n appends to its event log and touches its crash journal as it runs.
		const changesAllTheTime = /^(n8nEventLog.*\.log|crash\.journal|n8nEventLog)$/;
		const steady = (tree: Record<string, string>) =>
			Object.fromEntries(Object.entries(tree).filter(([path]) => !changesAllTheTime.test(path)));
		expect(steady(restored)).toEqual(steady(before.tree));
		expect(Object.keys(restored)).toContain('config');
	});

	test('the dump was restored inside n8n before old ones went, and its manifest says that it passed', async () => {
		const artifact = await onlyArtifact(backupDirectory, 'postgres');
		const [item] = execution.nodes['Drill Postgres']!.outputs[0]!;
		const { drill, finishedAt, census } = await readManifest(artifact);
		const { rows } = census as PostgresCensus;
		expect(item).toMatchObject({ name: basename(artifact), result: 'passed', rows, path: artifact });
		expect(item).not.toHaveProperty('unknown');
		expect(drill).toMatchObject({ result: 'passed' });
		const passed = drill!.findings.map((finding) => /^(\w+): passed\./.exec(finding)?.[1] ?? finding);
		expect(passed.sort()).toEqual(['credential', 'n8n', 'restore', 'rows', 'sha256', 'structure']);
		expect(Date.parse(drill!.at)).toBeGreaterThanOrEqual(Date.parse(finishedAt));
	});

	test('the editor shows the item of that drill: that it passed, how long it took, how many rows (needs Chromium)', async () => {
		const ownDirectory = join(stack.directory, 'looked-at');
		await mkdir(ownDirectory);
		const workflow = await nightlyBackup(stack, credentials, { backupDirectory: ownDirectory });
		const saved = await stack.editor.createWorkflow(workflow);
		const picture = join(stack.directory, 'drill-item.png');

		const [shown] = await saveOutputs(stack.n8n.url, saved.id, [
			{ node: drillNode, view: 'json', file: picture },
		]);

		const words = shown!.replace(/\s+/g, ' ');
		expect(words).toMatch(/"result": "passed"/);
		expect(words).toMatch(/"duration": "[\d.]+ (?:ms|s)", "durationMs": \d+, "rows": \d+, "tables": \d+/);
		expect(words).not.toMatch(/"(?:failed|unknown)"/);
		expect((await readFile(picture)).subarray(1, 4).toString()).toBe('PNG');
	}, 400_000);

	test('the copies of .env and of the Compose file are the files themselves, and the manifest says which holds the encryption key', async () => {
		const artifact = await onlyArtifact(backupDirectory, 'env');
		expect(readFileSync(artifact, 'utf8')).toBe(readFileSync(stack.envFile, 'utf8'));
		expect((await readManifest(artifact)).encryptionKey).toBe('found');
		const compose = await onlyArtifact(backupDirectory, 'compose');
		expect(readFileSync(compose, 'utf8')).toBe(readFileSync(stack.composeFile, 'utf8'));
		expect((await readManifest(compose)).encryptionKey).toBe('missing');
	});

	test('no secret is in an item, a manifest or n8n’s log', async () => {
		const manifests = parts.map(async (part) =>
			JSON.stringify(await readManifest(await onlyArtifact(backupDirectory, part))),
		);
		const written = [JSON.stringify(execution), stack.n8n.log(), ...(await Promise.all(manifests))].join(
			'\n',
		);
		const encryptionKey = /^N8N_ENCRYPTION_KEY=(.+)$/m.exec(readFileSync(stack.envFile, 'utf8'))?.[1];
		for (const secret of [stack.database.password, stack.redis.password, encryptionKey]) {
			expect(written).not.toContain(secret);
		}
	});
});

describe('the shipped drill', () => {
	/** The drill of a backup directory, as a person fills it in. */
	async function runDrill(backupDirectory: string): Promise<Execution> {
		receiver.requests.length = 0;
		const workflow = fillIn(await shippedWorkflow('restore-drill.json'), {
			credentials: { postgres: credentials.postgres },
			settings: {
				backupDirectory,
				notificationUrl: receiver.url('/failed'),
				successUrl: receiver.url('/succeeded'),
			},
		});
		return await stack.editor.run(await stack.editor.createWorkflow(workflow), manualTrigger);
	}

	test('drills and verifies what a night has saved: rows restored, a credential decrypted, every file read', async () => {
		const { backupDirectory } = await runNight();
		expect(await runDrill(backupDirectory)).toMatchObject({ status: 'success', error: undefined });
		expect(receiver.requests).toEqual([
			{
				method: 'POST',
				path: '/succeeded',
				body: expect.stringMatching(/^The restore drill passed/) as string,
			},
		]);

		const { drill } = await readManifest(await onlyArtifact(backupDirectory, 'postgres'));
		expect(drill).toMatchObject({ result: 'passed' });
		expect(drill?.findings.join('\n')).toMatch(/credential/);
		for (const part of ['redis', 'n8n', 'env', 'compose'] as const) {
			const { verification } = await readManifest(await onlyArtifact(backupDirectory, part));
			expect(verification).toMatchObject({ result: 'passed' });
		}
		const databases = await stack.postgres.query<{ datname: string }>('SELECT datname FROM pg_database');
		expect(databases.filter(({ datname }) => datname.includes('drill'))).toEqual([]);
	});

	test('ends red and tells of it when a backup is not what it was', async () => {
		const { backupDirectory } = await runNight();
		const artifact = await onlyArtifact(backupDirectory, 'redis');
		const bytes = await readFile(artifact);
		bytes[bytes.length >> 1]! ^= 1;
		await writeFile(artifact, bytes);

		expect(await runDrill(backupDirectory)).toMatchObject({ status: 'error', failedNode: 'Drill Failed' });
		expect(receiver.requests.map(({ path }) => path)).toEqual(['/failed']);
		const { text } = JSON.parse(receiver.requests[0]!.body) as { text: string };
		expect(text).toMatch(/redis: .*does not hold what it should/);
	});
});

describe('ways to start it', () => {
	/** The workflow with its schedule moved to a few seconds from now. */
	function scheduledSoon(workflow: Workflow): Workflow {
		const soon = new Date(Date.now() + 4000);
		const expression = `${soon.getUTCSeconds()} ${soon.getUTCMinutes()} ${soon.getUTCHours()} * * *`;
		return {
			...workflow,
			settings: { ...workflow.settings, timezone: 'Etc/UTC' },
			nodes: workflow.nodes.map((node) =>
				node.type === 'n8n-nodes-base.scheduleTrigger'
					? { ...node, parameters: { rule: { interval: [{ field: 'cronExpression', expression }] } } }
					: node,
			),
		};
	}

	test('activated, its own schedule runs it', async () => {
		const backupDirectory = join(stack.directory, 'scheduled');
		await mkdir(backupDirectory);
		const workflow = scheduledSoon(await nightlyBackup(stack, credentials, { backupDirectory }));
		const saved = await stack.editor.createWorkflow(workflow);
		await stack.editor.activate(saved);
		try {
			const execution = await stack.editor.finished(await stack.editor.nextExecution(saved));
			expect(execution).toMatchObject({ mode: 'trigger', status: 'success' });
			expect(findFaults(await listBackups(backupDirectory))).toEqual([]);
		} finally {
			await stack.editor.deactivate(saved);
		}
	});

	test('n8n execute runs it from a shell and says by its exit code how it went', async () => {
		const backupDirectory = join(stack.directory, 'by-command');
		await mkdir(backupDirectory);
		const { id } = await stack.editor.createWorkflow(
			await nightlyBackup(stack, credentials, { backupDirectory }),
		);
		const { exitCode } = await stack.n8n.command('execute', `--id=${id}`);
		expect(exitCode).toBe(0);
		expect(findFaults(await listBackups(backupDirectory))).toEqual([]);
	});
});

describe('a night when something is broken', () => {
	/** The node that turns red on the canvas where a component failed, while the others go on. */
	const marks: Record<string, string> = {
		postgres: 'Mark Postgres',
		redis: 'Mark Redis',
		n8n: 'Mark n8n Data',
		env: 'Mark .env',
		compose: 'Mark Compose File',
		prune: 'Mark Prune',
		'off-site': 'Mark Off-Site',
	};

	/** What they are called where people are told of them. */
	const names: Record<string, string> = {
		...{ postgres: 'PostgreSQL', redis: 'Redis', n8n: 'n8n’s data', env: '\\.env' },
		...{ compose: 'Compose file', prune: 'Deleting old backups', 'off-site': 'Copying off-site' },
	};

	/** What every bad night has in common: red, told to whoever listens, and no success reported. */
	function expectRedNight(execution: Execution, failed: Record<string, RegExp>): void {
		expect(execution).toMatchObject({ status: 'error', failedNode: 'Backup Failed' });
		expect(receiver.requests).toEqual([
			{ method: 'POST', path: '/failed', body: expect.any(String) as string },
		]);
		const notification = JSON.parse(receiver.requests[0]!.body) as {
			text: string;
			failedComponents: Array<{ component: string; reason: string }>;
		};
		expect(notification.text).toBe(execution.error);
		expect(notification.failedComponents.map(({ component }) => component).sort()).toEqual(
			Object.keys(failed).sort(),
		);
		for (const { component, reason } of notification.failedComponents) {
			expect(reason).toMatch(failed[component]!);
			// Said once, behind the names of all that it hit.
			expect(execution.error?.split(reason)).toHaveLength(2);
			expect(execution.error).toMatch(new RegExp(`^✗ .*${names[component]!}(, [^:\\n]+)*: `, 'm'));
			expect(execution.nodes[marks[component]!]?.error).toMatch(
				/^✗ [^\n]*not (saved|pruned|copied off-site): [^\n]+$/,
			);
		}
		const red = Object.values(marks).filter((name) => execution.nodes[name]?.error !== undefined);
		expect(red).toHaveLength(notification.failedComponents.length);
	}

	/** That the others were saved, and that the failed ones left neither a file nor lost an old backup. */
	async function expectOthersSaved(backupDirectory: string, failed: string[]): Promise<void> {
		const left = await oldBackupsLeft(backupDirectory);
		// Both are of one component, and of that nothing is deleted.
		const files = ['env', 'compose'];
		const hasFileFailed = files.some((part) => failed.includes(part));
		for (const part of parts) {
			const isKept = failed.includes(part) || (files.includes(part) && hasFileFailed);
			expect({ part, left: left[part] }).toEqual({ part, left: isKept ? 2 : 0 });
			const made = failed.includes(part) ? 0 : 1;
			expect(await artifactsOf(backupDirectory, part)).toHaveLength(left[part]! + made);
		}
		const faults = findFaults(await listBackups(backupDirectory));
		expect(faults).toEqual([]);
	}

	test('a wrong password fails the database alone', async () => {
		const postgres = await stack.editor.createCredential('wrong', 'postgres', {
			...stack.database,
			password: 'not-the-password',
			ssl: 'disable',
		});
		const { execution, backupDirectory } = await runNight({}, { postgres });
		expectRedNight(execution, { postgres: /password/i });
		expect(JSON.stringify(execution)).not.toContain('not-the-password');
		await expectOthersSaved(backupDirectory, ['postgres']);
	});

	test('a Redis that is down fails Redis alone', async () => {
		const port = await freePort();
		const redis = await stack.editor.createCredential('down', 'redis', {
			host: '127.0.0.1',
			port,
			database: 0,
		});
		const { execution, backupDirectory } = await runNight({}, { redis });
		expectRedNight(execution, { redis: new RegExp(String(port)) });
		await expectOthersSaved(backupDirectory, ['redis']);
	});

	test('a missing .env and a missing data folder fail those two', async () => {
		const { execution, backupDirectory } = await runNight({
			envFile: join(stack.directory, 'project', 'no.env'),
			n8nDataDirectory: join(stack.directory, 'no-such-folder'),
		});
		expectRedNight(execution, { env: /no\.env/, n8n: /no-such-folder/ });
		await expectOthersSaved(backupDirectory, ['env', 'n8n']);
		// No key was saved: that is said, and no fault of the database.
		expect(execution.error).toMatch(
			/^⚠ n8n_\d+_\d+\.sql\.gz: credential: .*no n8n or env backup holds an encryption key/m,
		);
		const { drill } = await readManifest(await onlyArtifact(backupDirectory, 'postgres'));
		expect(drill).toMatchObject({ result: 'passed' });
	});

	test('a key that does not fit the database fails the drill: the dump is kept, and nothing of its series is pruned', async () => {
		const other = join(stack.directory, 'other');
		await mkdir(other);
		await writeFile(join(other, '.env'), 'N8N_ENCRYPTION_KEY=of-another-n8n\n');
		const { execution, backupDirectory } = await runNight({
			envFile: join(other, '.env'),
			n8nDataDirectory: other,
		});

		expect(execution).toMatchObject({ status: 'error', failedNode: 'Backup Failed' });
		const reason = /did not pass its drill: No stored credential could be decrypted with the key in env_/;
		expect(execution.nodes['Mark Dump']?.error).toMatch(reason);
		const [notification] = receiver.requests.map(
			({ body }) => JSON.parse(body) as { failedComponents: Array<{ component: string; reason: string }> },
		);
		expect(notification!.failedComponents).toEqual([
			{ component: 'postgres', reason: expect.stringMatching(reason) as string },
		]);
		expect(await oldBackupsLeft(backupDirectory)).toEqual({
			...{ postgres: 2, redis: 0, n8n: 0, env: 0, compose: 0 },
		});
		const dumps = (await filesOf(backupDirectory, 'postgres')).filter((name) => name.endsWith('.gz'));
		expect(dumps).toHaveLength(3);
		const { drill } = await readManifest(join(backupDirectory, 'postgres', dumps.at(-1)!));
		expect(drill).toMatchObject({ result: 'failed' });
	});

	test('a bucket that does not take the copies is a failed component, and the backups here are as good as ever', async () => {
		const endpoint = `http://127.0.0.1:${await freePort()}`;
		const keys = { endpoint, accessKeyId: 'nobody', secretAccessKey: 'the-secret-of-nobody' };
		const credential = await createS3Credential(stack, keys);
		const { execution, backupDirectory } = await runNight(
			{},
			{},
			{ credential, bucket: 'backups', keyPrefix: 'n8n' },
		);
		expectRedNight(execution, { 'off-site': /^Nothing answers at s3:\/\/backups\/n8n\. Start the server/ });
		expect(JSON.stringify(execution)).not.toContain('the-secret-of-nobody');
		await expectOthersSaved(backupDirectory, []);
	});

	test('a backup directory that n8n may not use fails everything and says which setting allows it', async () => {
		const { execution } = await runNight({ backupDirectory: '/var/backups' });
		const reason = /N8N_RESTRICT_FILE_ACCESS_TO/;
		expectRedNight(execution, {
			...{ postgres: reason, redis: reason, n8n: reason, env: reason, compose: reason, prune: reason },
		});
		expect(execution.error!.split('\n')).toEqual([
			'Backup failed: PostgreSQL, Redis, n8n’s data, .env, Compose file, Deleting old backups.',
			expect.stringMatching(/^✗ PostgreSQL, Redis, n8n’s data, \.env, Compose file, Deleting old backups: /),
		]);
	});

	const asRoot = process.getuid?.() === 0 ? test : test.skip;
	asRoot(
		'a full disk fails what does not fit and leaves nothing half written (needs root to mount one)',
		async () => {
			const backupDirectory = join(stack.directory, 'small-disk');
			const unmount = await mountSmallDisk(backupDirectory, 600);
			try {
				const { execution } = await runNight({ backupDirectory });
				expectRedNight(execution, { postgres: /space|full/i, n8n: /space|full/i });
				expect(await filesOf(backupDirectory, 'postgres')).toEqual([]);
				expect(await filesOf(backupDirectory, 'n8n')).toEqual([]);
				await onlyArtifact(backupDirectory, 'redis');
				await onlyArtifact(backupDirectory, 'env');
				await onlyArtifact(backupDirectory, 'compose');
			} finally {
				await unmount();
			}
		},
	);

	test('stopped in the middle, it leaves no file, no connection and no process', async () => {
		const backupDirectory = join(stack.directory, 'stopped');
		await mkdir(backupDirectory);
		// pg_dump waits for this lock until it is stopped.
		await stack.postgres.createDatabase('locked');
		await stack.postgres.psql('CREATE TABLE held (id int)', { database: 'locked' });
		const holder = stack.postgres.psql('BEGIN; LOCK TABLE held; SELECT pg_sleep(3600);', {
			database: 'locked',
		});
		holder.catch(() => {});
		const sessions = async () =>
			Number(
				(
					await stack.postgres.query<{ count: string }>(
						"SELECT count(*) FROM pg_stat_activity WHERE datname = 'locked' AND query NOT LIKE '%pg_sleep%'",
					)
				)[0]?.count,
			);
		const postgres = await stack.editor.createCredential('locked', 'postgres', {
			...stack.database,
			user: stack.postgres.user,
			password: stack.postgres.password,
			database: 'locked',
			ssl: 'disable',
		});
		const saved = await stack.editor.createWorkflow(
			await nightlyBackup(stack, { ...credentials, postgres }, { backupDirectory }),
		);
		const { executionId } = await stack.editor.start(saved, manualTrigger);
		await until(async () => (await sessions()) > 0);

		await stack.editor.stop(executionId);
		expect(await stack.editor.finished(executionId)).toMatchObject({ status: 'canceled' });
		await until(async () => (await sessions()) === 0);
		await until(async () => (await filesOf(backupDirectory, 'postgres')).length === 0);
		await stack.postgres.query(
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'locked'",
		);
	});
});

test('after all these nights no password is in n8n’s tables, its log or its folder', async () => {
	const secrets = { 'the database’s': stack.database.password, 'the queue’s': stack.redis.password };
	const marks = Object.entries(secrets).map(([what, secret]) => ({ what, secret, words: [secret] }));
	const scratch = join(stack.directory, 'searches');
	await mkdir(scratch);
	const traces = new Traces(new Search(marks), scratch);
	const rows = await rowsOf(async (sql) => await stack.postgres.psql(sql, { database: 'n8n' }));
	// The search sees what n8n stores of an execution.
	expect(rows).toContain('Backup finished.');
	expect(await traces.found([stack.n8n.userFolder], { 'n8n’s tables': rows })).toEqual([]);
	// It does see them where they belong: in the file that is backed up.
	expect(await traces.found([stack.envFile], {})).toHaveLength(2);
});

/** Waits for something that must come true; Jest's own time limit is the end of patience. */
async function until(condition: () => Promise<boolean>): Promise<void> {
	while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}
