import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresConnection } from '../../../../core/postgres/connect/connection';
import { drill } from '../../../../core/postgres/drill/drill';
import { fewAtATime } from '../../../../lab/fewAtATime';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, engines, never, readDump, requestFor } from '../support/dumps';
import { databaseNames, restore } from '../support/restoring';
import { startStallingProxy, type Trouble } from '../support/stallingProxy';

jest.setTimeout(300_000);

const directory = temporaryDirectory();
let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('big');
	await server.psql(
		`CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 6000) n;
		CREATE TABLE small AS SELECT generate_series(1, 10) AS id; CREATE INDEX ON big (n)`,
		{ database: 'big' },
	);
});
afterAll(() => server.stop());

const idleTimeoutMs = 700;

/** Runs against the server through a proxy, and says how many bytes the server sent over each connection. */
async function through<Result>(
	troubleOf: (connection: number) => Trouble | undefined,
	work: (connection: PostgresConnection) => Promise<Result>,
): Promise<{ outcome: PromiseSettledResult<Result>; received: number[] }> {
	const proxy = await startStallingProxy(server, troubleOf);
	const [outcome] = await Promise.allSettled([
		work(connectionTo(server, { port: proxy.port, idleTimeoutMs, connectTimeoutMs: 1_500 })),
	]);
	await proxy.close();
	return { outcome, received: proxy.received() };
}

const silence = {
	status: 'rejected',
	reason: {
		code: 'unreachable',
		message: expect.stringMatching(
			/did not answer in time|has been silent for 1 seconds|The connection to .* was lost/,
		),
	},
};

/** Connections and offsets at which a run that goes well has traffic: the first bytes, the last, and some between. */
function places(received: number[]): Array<{ connection: number; stallAt: number }> {
	return received.flatMap((bytes, connection) =>
		(bytes < 10_000 ? [Math.random(), 0.97] : [0.02, Math.random(), 0.97])
			.map((part) => ({ connection, stallAt: Math.max(1, Math.floor(bytes * part)) }))
			.filter(({ stallAt }) => stallAt < bytes),
	);
}

async function expectNoEndlessWait(
	work: (connection: PostgresConnection) => Promise<unknown>,
): Promise<void> {
	const whole = await through(() => undefined, work);
	expect(whole.outcome).toMatchObject({ status: 'fulfilled' });
	const tried = places(whole.received);
	expect(tried.length).toBeGreaterThan(3);
	await fewAtATime(tried, async ({ connection, stallAt }) => {
		const { outcome } = await through((number) => (number === connection ? { stallAt } : undefined), work);
		// A farewell, or a question at the end, may be lost without any harm.
		if (outcome.status === 'rejected') expect({ connection, stallAt, ...outcome }).toMatchObject(silence);
	});
	expect((await databaseNames(server)).filter((name) => name.startsWith('n8n_backup_drill'))).toEqual([]);
}

describe.each(Object.keys(engines))('a dump by the engine %s', (engine) => {
	const dump = async (connection: PostgresConnection) =>
		await readDump(engines[engine]!(connection, requestFor('big')));

	test('is given up wherever the server falls silent', async () => {
		await expectNoEndlessWait(dump);
	});

	test('is given up when the server and all new connections fall silent', async () => {
		const whole = await through(() => undefined, dump);
		const main = whole.received.indexOf(Math.max(...whole.received));
		const { outcome } = await through((number) => {
			if (number < main) return undefined;
			return { stallAt: number === main ? 500_000 : 0 };
		}, dump);
		expect(outcome).toMatchObject({
			status: 'rejected',
			reason: { message: expect.stringContaining('does not answer another connection either') },
		});
	});

	test('is given up when the length of a message arrives damaged', async () => {
		const whole = await through(() => undefined, dump);
		const main = whole.received.indexOf(Math.max(...whole.received));
		let isDamaged = false;
		const { outcome } = await through((number) => {
			if (number !== main) return undefined;
			return {
				alter: (chunk) => {
					// CopyData, whose length's highest byte is 0: from now on it is a gigabyte long.
					const row = isDamaged ? -1 : chunk.indexOf(Buffer.from([0x64, 0, 0, 0x03]));
					if (row < 0) return;
					chunk[row + 1] = 0x20;
					isDamaged = true;
				},
			};
		}, dump);
		expect(isDamaged).toBe(true);
		expect(outcome.status).toBe('rejected');
	});

	test('waits for a lock for longer than the idle time-out', async () => {
		const holder = new pg.Client(server.url('big'));
		await holder.connect();
		await holder.query('BEGIN; LOCK TABLE small IN ACCESS EXCLUSIVE MODE');
		const waiting = through(() => undefined, dump);
		await sleep(4 * idleTimeoutMs);
		await holder.end();
		expect((await waiting).outcome).toMatchObject({ status: 'fulfilled' });
	});

	test('waits for its own reader for longer than the idle time-out', async () => {
		const { outcome } = await through(
			() => undefined,
			async (connection) => {
				const source = await engines[engine]!(connection, requestFor('big'))(never);
				await sleep(4 * idleTimeoutMs);
				source.stream.resume();
				return await source.finished;
			},
		);
		expect(outcome).toMatchObject({ status: 'fulfilled' });
	});
});

describe('a dump that is loaded', () => {
	let path: string;
	beforeEach(async () => {
		({ path } = await backUp(server, 'big', directory.path()));
	});

	test('by a restore is given up wherever the server falls silent', async () => {
		let count = 0;
		await expectNoEndlessWait(async (connection) => {
			const target = { kind: 'new', database: `restored_${count++}` } as const;
			await restore(server, { artifactPath: path, connection, target });
		});
	});

	test('by a drill is given up wherever the server falls silent', async () => {
		await expectNoEndlessWait(async (connection) => {
			const request = { root: directory.path(), timeZone: 'UTC', artifactPath: path, connection };
			const { result, obstacle } = await drill(request, never);
			if (obstacle) throw obstacle;
			expect(result).toBe('passed');
		});
	});

	test('waits for a statement that takes longer than the idle time-out', async () => {
		await server.createDatabase('slow');
		await server.psql(
			`CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 FROM pg_catalog.pg_sleep(2)';
			CREATE TABLE t AS SELECT 1 AS id; CREATE INDEX ON t (slowly(id))`,
			{ database: 'slow' },
		);
		const slow = await backUp(server, 'slow', directory.path());
		const { outcome } = await through(
			() => undefined,
			async (connection) => {
				const target = { kind: 'new', database: 'slowly_restored' } as const;
				return await restore(server, { artifactPath: slow.path, connection, target });
			},
		);
		expect(outcome).toMatchObject({ status: 'fulfilled' });
	});
});
