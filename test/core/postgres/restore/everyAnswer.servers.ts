import { resetWithin, startEndingProxy } from '../../../../lab/servers/endingProxy';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, fingerprint } from '../support/dumps';
import { databaseNames, dropDatabases, restore } from '../support/restoring';

jest.setTimeout(600_000);

const directory = temporaryDirectory();
let server: PostgresServer;
beforeAll(async () => (server = await startPostgres()));
afterAll(async () => await server.stop());
afterEach(async () => await dropDatabases(server));

const rows = (count: number) => `
	CREATE TABLE workflow AS SELECT n AS id, repeat(md5(n::text), 30) AS nodes FROM generate_series(1, ${count}) n;
	ALTER TABLE workflow ADD PRIMARY KEY (id);
	CREATE TABLE execution (id serial PRIMARY KEY, workflow integer REFERENCES workflow);
	INSERT INTO execution (workflow) SELECT id FROM workflow;`;

/** How the server says that something is committed. */
const commit = 'COMMIT\0';

interface How {
	/** The answers in question. */
	holding: string;
	/** More answers than so many are tried. */
	least?: number;
	isForGood?: boolean;
	isCancelled?: boolean;
}

describe('A database that is replaced', () => {
	it.each<[what: string, how: How]>([
		['the connection ends within any answer', { holding: '', least: 20 }],
		['the connection ends within any answer to a commit', { holding: commit }],
		['the connection ends for good within any answer to a commit', { holding: commit, isForGood: true }],
		['it is cancelled before any answer to a commit', { holding: commit, isCancelled: true }],
	])(
		'is the old one, whole, or the new one, whole, and nothing is said that is not so, when %s',
		async (_, { holding, least = 1, isForGood = false, isCancelled = false }) => {
			await server.createDatabase('n8n');
			await server.psql(rows(200), { database: 'n8n' });
			const { path, manifest } = await backUp(server, 'n8n', directory.path());
			const backedUp = await fingerprint(server, 'n8n');
			const createOld = async () => {
				await dropDatabases(server);
				await server.createDatabase('n8n');
				await server.psql(rows(100), { database: 'n8n' });
				return await fingerprint(server, 'n8n');
			};
			const old = await createOld();
			let tried = 0;
			for (let due = 1, isOver = false; !isOver; due++) {
				const cancelling = new AbortController();
				const end = isCancelled ? () => cancelling.abort() : resetWithin;
				const proxy = await startEndingProxy(server.port, { due, end, holding, isForGood });
				let error: unknown;
				try {
					const target = {
						kind: 'replace' as const,
						database: 'n8n',
						safetyBackup: () => Promise.resolve('safe'),
					};
					const connection = connectionTo(server, { port: proxy.port });
					await restore(server, { artifactPath: path, manifest, target, connection }, cancelling.signal);
				} catch (reason) {
					if (!(reason instanceof Error) || reason.name !== 'BackupError') throw reason;
					error = reason.message;
				} finally {
					isOver = proxy.pieces() < due;
					await proxy.stop();
				}
				const now = await fingerprint(server, 'n8n');
				const isNew = now === backedUp;
				expect({ due, error, isWhole: isNew || now === old }).toEqual({ due, error, isWhole: true });
				const kept = (await databaseNames(server)).filter((name) => name.startsWith('n8n_replaced_'));
				if (error === undefined)
					expect({ due, isNew, kept: kept.length }).toEqual({ due, isNew: true, kept: 1 });
				// Whichever it is, what was there before is there.
				if (isNew) expect([due, await fingerprint(server, kept[0]!)]).toEqual([due, old]);
				if (isNew && error !== undefined)
					expect([due, error]).toEqual([due, expect.stringContaining(kept[0]!)]);
				if (isNew) await createOld();
				tried = due;
			}
			expect(tried).toBeGreaterThan(least);
		},
	);
});
