import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, engines, never, readDump, requestFor } from '../support/dumps';
import { eventually } from '../../../../lab/eventually';
import { type SshServer, startSshServer } from '../support/sshServer';

jest.setTimeout(60_000);

let server: PostgresServer;
let ssh: SshServer;
beforeAll(async () => {
	[server, ssh] = await Promise.all([startPostgres({ tls: true }), startSshServer()]);
	await server.query(
		`CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 30000) n`,
	);
	await server.createDatabase('small');
	await server.query('CREATE TABLE small AS SELECT 1 AS x', { database: 'small' });
});
afterAll(async () => {
	await ssh.stop();
	await server.stop();
});

/** Those of files that ran before in this process may wait for another dump. */
const earlierThreads = new Set(readdirSync('/proc/self/task'));

/** Threads of this process, since this file began, and its child processes that run a pg_dump. */
function running(): string[] {
	const threads = readdirSync('/proc/self/task')
		.filter((id) => !earlierThreads.has(id))
		.map((id) => nameOf(`/proc/self/task/${id}/comm`));
	const children = readdirSync('/proc')
		.filter((id) => /^\d+$/.test(id) && parentOf(id) === process.pid)
		.map((id) => nameOf(`/proc/${id}/comm`));
	return [...threads, ...children].filter((name) => name === 'pg_dump');
}

function nameOf(path: string): string {
	try {
		return readFileSync(path, 'utf8').trim();
	} catch {
		// It ended meanwhile.
		return '';
	}
}

function parentOf(id: string): number | undefined {
	try {
		return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]);
	} catch {
		return undefined;
	}
}

async function sessions(): Promise<number> {
	const rows = await server.query(
		`SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'n8n-nodes-backup %'`,
	);
	return rows.length;
}

/** @param patienceMs a thread whose dump has succeeded waits ten seconds for another one */
async function expectNothingLeft(patienceMs?: number): Promise<void> {
	await eventually(async () => {
		expect(running()).toEqual([]);
		expect(await sessions()).toBe(0);
		expect(ssh.connections()).toBe(0);
	}, patienceMs);
}

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	const open = (more: Parameters<typeof connectionTo>[1] = {}) =>
		engines[engine]!(connectionTo(server, more), requestFor('postgres'));

	test('a dump that is cancelled half way leaves nothing behind', async () => {
		const cancellation = new AbortController();
		const source = await open()(cancellation.signal);
		await once(source.stream, 'readable');
		expect(running()).toEqual(['pg_dump']);
		cancellation.abort();
		await expect(source.finished).rejects.toMatchObject({ code: 'cancelled' });
		expect(source.stream.destroyed).toBe(true);
		await expectNothingLeft();
	});

	test('a dump through a tunnel that is cancelled half way leaves nothing behind', async () => {
		const cancellation = new AbortController();
		const { user, password, port } = ssh;
		const source = await open({ sshTunnel: { host: '127.0.0.1', port, user, password } })(
			cancellation.signal,
		);
		await once(source.stream, 'readable');
		cancellation.abort();
		await expect(source.finished).rejects.toMatchObject({ code: 'cancelled' });
		await expectNothingLeft();
	});

	test('a dump whose reader goes away is a failure and leaves nothing behind', async () => {
		const source = await open()(never);
		await once(source.stream, 'readable');
		source.stream.destroy();
		await expect(source.finished).rejects.toThrow();
		await expectNothingLeft();
	});

	test('a dump whose pipeline fails leaves nothing behind', async () => {
		const source = await open()(never);
		const full = new PassThrough();
		const written = pipeline(source.stream, full);
		full.once('data', () => full.destroy(new Error('disk full')));
		await expect(written).rejects.toThrow('disk full');
		await expect(source.finished).rejects.toThrow();
		await expectNothingLeft();
	});

	test.each(['disable', 'require'] as const)(
		'a dump that is cancelled while it waits for a lock gives up its session at once (TLS: %s)',
		async (mode) => {
			const holder = new pg.Client(server.url());
			await holder.connect();
			await holder.query('BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE');
			const cancellation = new AbortController();
			const source = await open({ tls: { mode, verifyCertificate: false } })(cancellation.signal);
			await eventually(async () => {
				const waiting = await server.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
				expect(waiting).toHaveLength(1);
			});
			cancellation.abort();
			await expect(source.finished).rejects.toMatchObject({ code: 'cancelled' });
			// The lock is still held.
			await expectNothingLeft();
			await holder.end();
		},
	);

	test('a dump that was cancelled before it began does not begin', async () => {
		await expect(open()(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
		await expectNothingLeft();
	});

	test('a reader that takes its time gets everything', async () => {
		const source = await open()(never);
		let bytes = 0;
		for await (const chunk of source.stream) {
			bytes += (chunk as Buffer).length;
			await new Promise((resolve) => setTimeout(resolve, 2));
		}
		const facts = await source.finished;
		expect(facts.census).toMatchObject({ rows: 30_000 });
		expect(bytes).toBeGreaterThan(30_000 * 960);
		await expectNothingLeft(20_000);
	});

	test('twenty-five dumps in one process leave neither threads nor connections nor memory behind', async () => {
		const dumpOnce = async () => await readDump(engines[engine]!(connectionTo(server), requestFor('small')));
		for (let count = 0; count < 5; count++) await dumpOnce();
		const before = process.memoryUsage().rss;
		for (let count = 0; count < 20; count++) await dumpOnce();
		const grown = process.memoryUsage().rss - before;
		// A module that stayed would be 30 MB or more each time.
		expect(grown).toBeLessThan(200 * 1024 * 1024);
		await expectNothingLeft(20_000);
	});
});
