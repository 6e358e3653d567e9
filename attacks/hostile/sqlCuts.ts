import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { spawn } from 'node:child_process';
import type { Random } from '../../lab/random.ts';
import { libpqEnvironment } from '../../lab/servers/environments.ts';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres.ts';
import { clientProgram } from '../../lab/servers/postgresBinaries.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { SqlLexer } from '../harness/package.ts';
import { isForPeople } from '../judges/isForPeople.ts';
import { randomSql } from './sqlPieces.ts';

/**
 * A restore judges a statement before it sends it. A cut at another place than where the server and psql see one would
 * hide a statement inside of another one that looks harmless.
 */
export const sqlCuts: Attack[] = [
	{
		promise: 'contained',
		fault: 'SQL of quotes, comments, tags and bodies in any order: cut as psql cuts it, or refused',
		faults: { whole: 5000, short: 40 },
		open,
	},
];

/** A variable of psql's, and an exponent without a number: to servers before 15 a comment can begin in that. */
const psqlAlone = /:[\w"'\u0080-\uffff]|[\d.]e[-+]/i;

async function open(): Promise<Arena> {
	const server = await startPostgres();
	const recorder = await startRecorder(server.port);
	const psql = await clientProgram('psql');
	const strike = async (random: Random) => {
		const sql = randomSql(random);
		if (psqlAlone.test(sql)) return false;
		const ours = cutByUs(sql, random);
		if (ours === undefined) return true;
		await runPsql(psql, { ...server, port: recorder.port }, sql);
		const theirs = recorder.take();
		assertKept(
			alike(ours).join('\u0001') === alike(theirs).join('\u0001'),
			`Of ${JSON.stringify(sql)} psql sends ${JSON.stringify(theirs)}, and we ${JSON.stringify(ours)}`,
		);
		return true;
	};
	return {
		strike,
		async [Symbol.asyncDispose]() {
			await recorder.stop();
			await server.stop();
		},
	};
}

/** @returns undefined where it refuses the text */
function cutByUs(sql: string, random: Random): string[] | undefined {
	const lexer = new SqlLexer();
	const bytes = Buffer.from(sql);
	const middle = random.below(bytes.length + 1);
	try {
		const segments = [
			...lexer.push(Buffer.from(bytes.subarray(0, middle))),
			...lexer.push(Buffer.from(bytes.subarray(middle))),
			...lexer.end(),
		];
		return segments.flatMap((segment) => (segment.kind === 'statement' ? [segment.text.toString()] : []));
	} catch (error) {
		assertKept(isForPeople(error), `Of ${JSON.stringify(sql)} it fails: ${String(error)}`);
		return undefined;
	}
}

/** psql sends the comments before a statement along, and empty statements, which do nothing; it leaves empty lines away. */
function alike(statements: readonly string[]): string[] {
	return statements
		.map((statement) => withoutHead(statement).replace(/\n+/g, '\n'))
		.filter((statement) => statement !== ';');
}

function withoutHead(statement: string): string {
	let rest = statement.trim();
	for (;;) {
		const head = /^(?:--[^\n]*(?:\n|$)|\s+)/.exec(rest)?.[0] ?? blockComment(rest);
		if (head === '') return rest;
		rest = rest.slice(head.length);
	}
}

/** The comment that a text begins with; they nest. */
function blockComment(text: string): string {
	if (!text.startsWith('/*')) return '';
	let depth = 0;
	for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
		depth += mark === '/*' ? 1 : -1;
		if (depth === 0) return text.slice(0, index + 2);
	}
	return '';
}

async function runPsql(program: string, server: PostgresServer, sql: string): Promise<void> {
	// It asks for what it shows of errors and of results in no other statement.
	const args = ['-Xq', '-v', 'VERBOSITY=terse', '-d', 'postgres'];
	const env = { ...process.env, ...libpqEnvironment(server), PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };
	const child = spawn(program, args, { env: { ...env, PGCLIENTENCODING: 'UTF8' }, timeout: 60_000 });
	child.stdin.end(sql);
	await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
}

interface Recorder {
	port: number;
	/** The statements since the last time. */
	take(): string[];
	stop(): Promise<void>;
}

/** Notes what a client sends to the server as simple queries. */
async function startRecorder(port: number): Promise<Recorder> {
	let statements: string[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		const target = connect(port, '127.0.0.1');
		for (const socket of [client, target]) {
			sockets.add(socket);
			socket.on('error', () => {}).on('close', () => sockets.delete(socket));
		}
		let sent = Buffer.alloc(0);
		let isStarted = false;
		client.on('data', (piece: Buffer) => {
			sent = Buffer.concat([sent, piece]);
			for (;;) {
				const head = isStarted ? 1 : 0;
				if (sent.length < head + 4) return;
				const end = head + sent.readUInt32BE(head);
				if (sent.length < end) return;
				if (isStarted && sent[0] === 0x51) statements.push(sent.toString('utf8', 5, end - 1));
				isStarted = true;
				sent = sent.subarray(end);
			}
		});
		client.pipe(target);
		target.pipe(client);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		take() {
			const taken = statements;
			statements = [];
			return taken;
		},
		async stop() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
