import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sampleWorkflows } from '../../lab/seed/samples.ts';
import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { clientProgram } from '../../lab/servers/postgresBinaries.ts';
import { ExecutionTexts } from './executions.ts';
import { constraints, tables } from './n8nSchema.ts';
import { Random } from '../../lab/random.ts';

const workflowCount = 60;

/** Of the rows' bytes: what is left to executions is by far the most, as in every n8n that prunes seldom. */
const binaryShare = 0.12;

/**
 * Makes a database as n8n's looks after months, its dump about `bytes` long: workflows with their history,
 * credentials (encrypted text), executions with the data that their nodes passed on, and binary files.
 */
export async function createN8nDatabase(server: PostgresServer, name: string, bytes: number): Promise<void> {
	await server.createDatabase(name);
	await runScript(server, name, n8nScript(bytes));
	await server.query('VACUUM ANALYZE', { database: name });
}

/** A database with many small tables, each with an index and ten rows. */
export async function createWideDatabase(server: PostgresServer, name: string, count: number): Promise<void> {
	await server.createDatabase(name);
	const statements = Array.from(
		{ length: count },
		(_, index) =>
			`CREATE TABLE table_${index} (id integer PRIMARY KEY, name text NOT NULL, note text);\n` +
			`INSERT INTO table_${index} SELECT n, 'name ' || n, md5(n::text) FROM generate_series(1, 10) AS n;\n`,
	);
	await runScript(server, name, statements);
}

/** Feeds a script to psql, which needs no more memory for a gigabyte than for a line. */
async function runScript(
	server: PostgresServer,
	database: string,
	script: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
	const psql = spawn(await clientProgram('psql'), ['-Xq', '-v', 'ON_ERROR_STOP=1'], {
		stdio: ['pipe', 'ignore', 'inherit'],
		env: {
			...process.env,
			PGHOST: server.host,
			PGPORT: String(server.port),
			PGUSER: server.user,
			PGPASSWORD: server.password,
			PGDATABASE: database,
		},
	});
	const ended = once(psql, 'close') as Promise<[number | null]>;
	await pipeline(Readable.from(script), psql.stdin);
	const [exitCode] = await ended;
	if (exitCode !== 0) throw new Error(`psql ended with ${exitCode} while it filled ${database}`);
}

function* n8nScript(bytes: number): Generator<string> {
	const random = new Random(42);
	yield tables;
	yield* copy('workflow_entity (id, name, active, nodes, connections, "versionId")', workflowRows(random));
	yield* copy(
		'workflow_history ("versionId", "workflowId", authors, nodes, connections)',
		historyRows(random),
	);
	yield* copy('credentials_entity (id, name, data, type)', credentialRows(random));
	const executions = yield* copy(
		'execution_data ("executionId", "workflowData", data)',
		executionRows(random, bytes * (1 - binaryShare)),
	);
	yield* copy(
		'execution_entity (id, finished, mode, "startedAt", "stoppedAt", status, "workflowId")',
		executionHeads(executions),
	);
	const binaryColumns = '"fileId", "sourceType", "sourceId", data, "mimeType", "fileName", "fileSize"';
	yield* copy(`binary_data (${binaryColumns})`, binaryRows(random, bytes * binaryShare));
	yield constraints;
}

type Row = Array<string | number>;

/** A COPY with its rows, gathered into larger pieces; returns how many rows there were. */
function* copy(target: string, rows: Iterable<Row>): Generator<string, number> {
	let piece = `COPY ${target} FROM stdin;\n`;
	let count = 0;
	for (const row of rows) {
		piece += `${row.map(escapeForCopy).join('\t')}\n`;
		count++;
		if (piece.length < 256 * 1024) continue;
		yield piece;
		piece = '';
	}
	yield `${piece}\\.\n`;
	return count;
}

/** COPY's text format: https://www.postgresql.org/docs/current/sql-copy.html */
function escapeForCopy(value: string | number): string {
	if (typeof value === 'number') return String(value);
	return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function* workflowRows(random: Random): Generator<Row> {
	for (let number = 0; number < workflowCount; number++) {
		const { name, nodes, connections } = random.pick(sampleWorkflows);
		const title = `${name} ${number}`;
		yield [workflowId(number), title, 't', JSON.stringify(nodes), JSON.stringify(connections), random.uuid()];
	}
}

function* historyRows(random: Random): Generator<Row> {
	for (let number = 0; number < workflowCount * 20; number++) {
		const { nodes, connections } = random.pick(sampleWorkflows);
		const workflow = workflowId(number % workflowCount);
		yield [random.uuid(), workflow, 'Ada Lovelace', JSON.stringify(nodes), JSON.stringify(connections)];
	}
}

function* credentialRows(random: Random): Generator<Row> {
	for (let number = 0; number < 40; number++) {
		const encrypted = random.bytes(200 + random.below(400)).toString('base64');
		yield [random.uuid(), `Credential ${number}`, encrypted, 'httpHeaderAuth'];
	}
}

function* executionRows(random: Random, bytes: number): Generator<Row> {
	const texts = new ExecutionTexts(random);
	const workflows = sampleWorkflows.map((workflow) => JSON.stringify(workflow));
	let left = bytes;
	for (let id = 1; left > 0; id++) {
		const row = [id, random.pick(workflows), texts.next()];
		yield row;
		left -= String(row[1]).length + String(row[2]).length * 1.05;
	}
}

function* executionHeads(count: number): Generator<Row> {
	for (let id = 1; id <= count; id++) {
		const startedAt = 1_760_000_000_000 + id * 60_000;
		const failed = id % 23 === 0;
		yield [
			id,
			failed ? 'f' : 't',
			'trigger',
			new Date(startedAt).toISOString(),
			new Date(startedAt + 900).toISOString(),
			failed ? 'error' : 'success',
			workflowId(id % workflowCount),
		];
	}
}

/** Pictures and PDFs, in a dump two hexadecimal digits a byte. */
function* binaryRows(random: Random, bytes: number): Generator<Row> {
	let left = bytes;
	for (let number = 1; left > 0; number++) {
		const size = Math.min(20_000 + random.below(400_000), Math.ceil(left / 2));
		const content = random.bytes(size).toString('hex');
		yield [
			random.uuid(),
			'execution',
			String(number),
			`\\x${content}`,
			'image/png',
			`scan-${number}.png`,
			size,
		];
		left -= size * 2;
	}
}

function workflowId(number: number): string {
	return `wf${String(number).padStart(14, '0')}`;
}
