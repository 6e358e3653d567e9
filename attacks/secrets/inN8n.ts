import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../lab/command.ts';
import type { CredentialReference, Editor } from '../../lab/n8n/editor.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import type { Workflow, WorkflowNode } from '../../lab/n8n/workflow.ts';
import type { Random } from '../../lab/random.ts';
import { startPostgres } from '../../lab/servers/postgres.ts';
import { startRedis } from '../../lab/servers/redis.ts';
import { startSftp } from '../../lab/servers/sftp.ts';
import { startSwift } from '../../lab/servers/swift.ts';
import { startWebdav } from '../../lab/servers/webdav.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { type Mark, markedWord, Search } from './marks.ts';
import { type MarkedServers, markedCredentials, serverMarks } from './n8nCredentials.ts';
import { anyWork, type Surroundings } from './n8nWorks.ts';
import { rowsOf, Traces } from './traces.ts';
import { WatchedProcesses } from './watchedProcesses.ts';

/** The nodes in a real n8n that logs all it can. An e2e test does the same with its own passwords after its nights. */
export const secretsInN8n: Attack[] = [
	{
		promise: 'secret',
		fault:
			'marked credentials, right and wrong, in a real n8n that logs all it can: searched for in its executions, tables, logs, files and processes',
		faults: { whole: 300, short: 0 },
		open: async (scratch) => await open(scratch),
	},
];

const trigger = 'Start';

async function open(scratch: string): Promise<Arena> {
	await using started = new AsyncDisposableStack();
	const temporary = join(scratch, 'tmp');
	await mkdir(temporary);
	const own = serverMarks();
	const servers = await startServers(own, started);
	const keys = (await command(['keygen'])).stdout;
	const age = {
		identity: /^AGE-SECRET-KEY-1\S+$/m.exec(keys)![0],
		recipient: /age1\S+/.exec(keys)![0],
	};
	const { marks, credentials } = markedCredentials(servers, own, age);
	const n8nKey = markedWord('n8n’s key');
	const stack = await startStack({
		env: {
			...{ N8N_LOG_LEVEL: 'debug', N8N_ENCRYPTION_KEY: n8nKey.secret, TMPDIR: temporary },
		},
	});
	started.defer(async () => await stack.stop());
	const references = new Map<string, CredentialReference[]>();
	for (const [type, all] of Object.entries(credentials)) {
		const made: CredentialReference[] = [];
		for (const [index, data] of all.entries())
			made.push(await stack.editor.createCredential(`${type} ${index}`, type, data));
		references.set(type, made);
	}
	const places = await layOut(stack, servers);
	const control = markedWord('the control');
	const traces = new Traces(new Search([...marks, control]), scratch);
	// n8n's own key is in its configuration, and nowhere else.
	const inProcesses = new Search([...marks, n8nKey]);
	const look = async () => {
		const ask = async (sql: string) => await stack.postgres.psql(sql, { database: stack.database.database });
		return await traces.found([stack.directory, temporary], { 'n8n’s tables': await rowsOf(ask) });
	};
	await assertSees(stack.editor, control, look);
	const processes = await WatchedProcesses.below(stack.n8n.pid);
	const ended = started.move();
	return {
		async strike(random: Random) {
			const work = anyWork(random, places);
			const chosen = work.takes.map((type): [string, CredentialReference] => {
				const [right, ...wrong] = references.get(type)!;
				return [type, random.below(2) === 0 ? right! : random.pick(wrong)];
			});
			const onError = random.pick(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const);
			const saved = await stack.editor.createWorkflow(
				workflowOf({
					...{ type: `n8n-nodes-backup.${work.node}`, typeVersion: work.node === 'pruneBackups' ? 2 : 1 },
					...{ parameters: work.parameters, onError },
					credentials: Object.fromEntries(chosen),
				}),
			);
			const { result, seen } = await processes.during(async () => await stack.editor.run(saved, trigger));
			const by = `${work.node} ${work.operation} with ${chosen.map(([, { name }]) => name).join(', ') || 'nothing'}`;
			const hits = [
				...(await look()),
				...new Set(inProcesses.in(seen).map((what) => `${what} in a process`)),
			];
			assertKept(hits.length === 0, `${by} (${result.error ?? result.status}) leaves ${hits.join('; ')}`);
			return true;
		},
		[Symbol.asyncDispose]: async () => await ended.disposeAsync(),
	};
}

/** A search that finds nothing where there is something proves nothing. */
async function assertSees(editor: Editor, { secret }: Mark, look: () => Promise<string[]>): Promise<void> {
	const saved = await editor.createWorkflow({
		...workflowOf({
			...{ type: 'n8n-nodes-base.stopAndError', typeVersion: 1 },
			parameters: { errorMessage: `={{ "${secret}".base64Encode() }} ${secret}` },
		}),
		name: secret,
	});
	await editor.run(saved, trigger);
	const seen = (await look()).join('\n');
	for (const where of [
		/, as it is in n8n’s tables/,
		/, in base64 in n8n’s tables/,
		/, as it is in .*n8n\.log/,
	]) {
		if (!where.test(seen)) throw new Error(`The search does not see ${where.source}: ${seen}`);
	}
}

function workflowOf(node: Partial<WorkflowNode>): Workflow {
	const placed = (name: string, x: number) => ({ id: name, name, position: [x, 0] });
	const plain = { parameters: {}, typeVersion: 1 };
	const to = (name: string) => [{ node: name, type: 'main', index: 0 }];
	return {
		name: 'Searched',
		nodes: [
			{ ...placed(trigger, 0), ...plain, type: 'n8n-nodes-base.manualTrigger' },
			{ ...placed('Node', 200), ...plain, type: '', ...node },
			{ ...placed('Done', 400), ...plain, type: 'n8n-nodes-base.noOp' },
			{ ...placed('Failed', 400), ...plain, type: 'n8n-nodes-base.noOp' },
		],
		connections: { [trigger]: { main: [to('Node')] }, Node: { main: [to('Done'), to('Failed')] } },
	};
}

async function layOut({ directory, backupDirectory }: Stack, servers: MarkedServers): Promise<Surroundings> {
	const folder = join(directory, 'folder');
	await mkdir(folder);
	await writeFile(join(folder, 'note'), 'nothing secret');
	const file = join(folder, 'note');
	return {
		...{ root: backupDirectory, folder, file, elsewhere: join(directory, 'restored') },
		...{ bucket: servers.swift.bucket, webdavUrl: servers.webdav.url, sftpDirectory: servers.sftp.directory },
	};
}

async function startServers(
	marks: ReturnType<typeof serverMarks>,
	started: AsyncDisposableStack,
): Promise<MarkedServers> {
	const kept = <Server extends { stop(): Promise<void> }>(server: Server): Server => {
		started.defer(async () => await server.stop());
		return server;
	};
	const postgres = kept(await startPostgres());
	const literal = `'${marks.postgres.secret.replaceAll("'", "''")}'`;
	await postgres.psql(
		`SET standard_conforming_strings = on; CREATE ROLE marked LOGIN SUPERUSER PASSWORD ${literal}`,
	);
	await postgres.createDatabase('app');
	await postgres.psql('CREATE TABLE item AS SELECT 1 AS id', { database: 'app' });
	return {
		postgres,
		redis: kept(await startRedis({ password: marks.redis.secret })),
		webdav: kept(await startWebdav({ password: marks.webdav.secret })),
		sftp: kept(await startSftp()),
		swift: kept(await startSwift()),
	};
}
