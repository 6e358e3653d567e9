import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { localDump } from '../../../../core/postgres/dump/local/localDump';
import type { DumpRequest } from '../../../../core/postgres/dump/dumpRequest';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { connectionTo, engines, never, readDump, requestFor } from '../support/dumps';

jest.setTimeout(60_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('big');
	await server.psql(
		`CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 60000) n;
		CREATE ROLE clerk LOGIN PASSWORD 'clerk';
		CREATE ROLE hermit LOGIN PASSWORD 'hermit' CONNECTION LIMIT 0;`,
		{ database: 'big' },
	);
});
afterAll(async () => {
	await server.stop();
});

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	const dump = async (
		connection: Parameters<typeof connectionTo>[1] = {},
		request: Partial<DumpRequest> = {},
	) => await readDump(engines[engine]!(connectionTo(server, connection), requestFor('big', request)));

	test('a wrong password is named', async () => {
		await expect(dump({ password: 'wrong-secret' })).rejects.toMatchObject({
			code: 'auth',
			message: expect.stringMatching(
				/password authentication failed for user "postgres"\. Correct user and password/,
			),
		});
		await expect(dump({ password: 'wrong-secret' })).rejects.not.toThrow('wrong-secret');
	});

	test('an unknown database is named', async () => {
		await expect(dump({}, { database: 'no such one' })).rejects.toMatchObject({
			code: 'not-found',
			message: expect.stringMatching(/no such one.*Correct the name of the database/),
		});
	});

	test('a server that is not there is named', async () => {
		await expect(dump({ port: 1 })).rejects.toThrow(
			'Nothing answers at PostgreSQL at 127.0.0.1:1. Start the server, or correct host and port in the credential.',
		);
	});

	test.each(['disable', 'prefer'] as const)(
		'a server that takes the connection and says nothing is given up (TLS: %s)',
		async (mode) => {
			const sockets = new Set<Socket>();
			const silent = createServer((socket) => sockets.add(socket));
			await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
			const { port } = silent.address() as AddressInfo;
			const tls = { mode, verifyCertificate: true };
			await expect(dump({ port, tls, connectTimeoutMs: 300 })).rejects.toMatchObject({
				code: 'unreachable',
				message: expect.stringContaining(`PostgreSQL at 127.0.0.1:${port} did not answer in time.`),
			});
			sockets.forEach((socket) => socket.destroy());
			await new Promise((resolve) => silent.close(resolve));
		},
	);

	test('a table that may not be read is named', async () => {
		await expect(dump({ user: 'clerk', password: 'clerk' })).rejects.toMatchObject({
			code: 'not-permitted',
			message: expect.stringMatching(/permission denied for table big.*grant the user pg_read_all_data/),
		});
	});

	test('a server that has no connection left is reported in its own words', async () => {
		await expect(dump({ user: 'hermit', password: 'hermit' })).rejects.toMatchObject({
			code: 'server',
			message: expect.stringContaining('too many connections for role "hermit"'),
		});
	});

	test('a selection that matches nothing is an error', async () => {
		await expect(dump({}, { selection: { tables: ['big', 'bigg'] } })).rejects.toMatchObject({
			code: 'bad-parameter',
			message: expect.stringMatching(/No table of “big” matches “bigg”\. Did you mean big\?/),
		});
		await expect(dump({}, { selection: { schemas: ['pubic'] } })).rejects.toThrow(
			'No schema of “big” matches “pubic”. Did you mean public?',
		);
	});

	test('a table that stays locked is given up after the lock time-out', async () => {
		const holder = new pg.Client(server.url('big'));
		await holder.connect();
		await holder.query('BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE');
		await expect(dump({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
			code: 'server',
			message: expect.stringMatching(/canceling statement due to .* timeout.*raise the lock time-out/s),
		});
		await holder.end();
	});

	test('a server process that is killed half way is a failure, and its words are passed on', async () => {
		const source = await engines[engine]!(connectionTo(server), requestFor('big'))(never);
		await once(source.stream, 'readable');
		await server.query(
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'n8n-nodes-backup %'`,
		);
		const [ended, read] = await Promise.allSettled([
			source.finished,
			pipeline(source.stream, new PassThrough().resume()),
		]);
		expect(ended).toMatchObject({
			status: 'rejected',
			reason: {
				code: 'unreachable',
				// A server whose socket is full can no longer say why it goes.
				message: expect.stringMatching(
					/(terminating connection due to administrator command|closed the connection unexpectedly).*server’s log/,
				),
			},
		});
		expect(read.status).toBe('rejected');
	});
});

test('a server that crashes half way is a failure', async () => {
	const doomed = await startPostgres();
	await doomed.query(`CREATE TABLE big AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 60000) n`);
	const source = await engines['built-in']!(connectionTo(doomed), requestFor('postgres'))(never);
	await once(source.stream, 'readable');
	await doomed.kill();
	const read = pipeline(source.stream, new PassThrough().resume());
	await expect(source.finished).rejects.toMatchObject({ code: 'unreachable' });
	await expect(read).rejects.toThrow();
	await doomed.stop();
});

describe('a local program', () => {
	const directory = temporaryDirectory();
	const dumpBy = async (pgDumpPath: string) =>
		await readDump(localDump(connectionTo(server), requestFor('big'), { pgDumpPath }));

	/** A program that says it is a pg_dump and then does as the script says. */
	const impostor = async (version: string, script: string) => {
		const path = directory.path('pg_dump');
		await writeFile(
			path,
			`#!/bin/sh\nif [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) ${version}"; exit; fi\n${script}\n`,
		);
		await chmod(path, 0o755);
		return path;
	};

	test('that is not there sends to the built-in engine', async () => {
		await expect(dumpBy('/nowhere/pg_dump')).rejects.toThrow(
			'The program /nowhere/pg_dump was not found. Install it where n8n runs, correct its path, or choose the engine “built-in”.',
		);
	});

	test('that is older than the server is refused before it starts', async () => {
		await expect(dumpBy(await impostor('9.6.24', 'exit 0'))).rejects.toThrow(
			/^The local pg_dump is version 9\.6\.24, too old for a server of version .*Install pg_dump \d+ or newer/,
		);
	});

	test('that ends well without a whole dump is a failure', async () => {
		await expect(dumpBy(await impostor('99.0', 'echo "SELECT 1;"'))).rejects.toThrow(
			'ends without its last line',
		);
	});

	test('that writes a whole dump and then fails is a failure', async () => {
		const path = await impostor(
			'99.0',
			'echo "-- PostgreSQL database dump complete"; echo "pg_dump: error: at the last moment" >&2; exit 1',
		);
		await expect(dumpBy(path)).rejects.toThrow('error: at the last moment');
	});

	test('that has ended long before it is read is read to its end', async () => {
		const rows = 'yes row | head -n 450000';
		const path = await impostor(
			'99.0',
			`echo "COPY public.big (x) FROM stdin;"; ${rows}; echo '\\.'; echo "-- PostgreSQL database dump complete"`,
		);
		const source = await localDump(connectionTo(server), requestFor('big'), { pgDumpPath: path })(never);
		// Long enough for the program to be gone while what it wrote waits in the stream.
		await new Promise((resolve) => setTimeout(resolve, 500));
		source.stream.resume();
		await expect(source.finished).resolves.toMatchObject({ census: { rows: 450_000 } });
	});

	test('that is killed is a failure', async () => {
		await expect(dumpBy(await impostor('99.0', 'kill -9 $$'))).rejects.toThrow('it was ended by SIGKILL');
	});

	test('never has the password among its arguments', async () => {
		const path = await impostor('99.0', 'echo "$@" >&2; exit 1');
		const said = await dumpBy(path).catch((error: Error) => error.message);
		expect(said).toContain('--format=plain');
		expect(said).not.toContain(server.password);
		expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(server.password);
	});
});
