import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { backUp } from '../core/postgres/support/artifacts';
import { scratchDatabases } from '../core/postgres/support/restoring';
import { startStallingProxy, type Trouble } from '../core/postgres/support/stallingProxy';
import { command } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres({ tls: true });
	await server.psql('CREATE TABLE workflow_entity AS SELECT generate_series(1, 5000) AS id');
});
afterAll(() => server.stop());

const run = async (args: string[], env: NodeJS.ProcessEnv = {}) =>
	await command(args, {
		PGHOST: server.host,
		PGPORT: String(server.port),
		PGUSER: server.user,
		PGPASSWORD: server.password,
		N8N_BACKUP_DIRECTORY: directory.path(),
		...env,
	});

describe.each([
	['drill', ['drill', 'newest']],
	['restore postgres', ['restore', 'postgres', 'newest', '--into', 'restored']],
])('n8n-backup %s', (_name, args) => {
	beforeEach(async () => {
		await backUp(server, 'postgres', directory.path());
	});
	afterEach(async () => {
		await server.query('DROP DATABASE IF EXISTS restored WITH (FORCE)');
	});

	/** Through a proxy, in plain text so that the same bytes lie at the same places. */
	const through = async (troubleOf: (connection: number) => Trouble | undefined, more: string[]) => {
		const proxy = await startStallingProxy(server, troubleOf);
		const outcome = await run([...args, '--port', String(proxy.port), '--sslmode', 'disable', ...more]);
		const received = proxy.received();
		await proxy.close();
		return { ...outcome, received };
	};

	it('gives up a silent server after the seconds of --idle-timeout', async () => {
		const whole = await through(() => undefined, []);
		expect(whole.exitCode).toBe(0);
		await server.query('DROP DATABASE IF EXISTS restored WITH (FORCE)');
		const most = Math.max(...whole.received);
		const main = whole.received.indexOf(most);
		const stalled = await through(
			(connection) => (connection === main ? { stallAt: Math.floor(most * 0.9) } : undefined),
			['--idle-timeout', '2'],
		);
		expect(stalled.exitCode).toBe(1);
		expect(stalled.stdout + stalled.stderr).toContain('has been silent for 2 seconds');
		expect(await scratchDatabases(server)).toEqual([]);
	});

	it('refuses an idle time-out that is none', async () => {
		const { exitCode, stderr } = await run([...args, '--idle-timeout', '0']);
		expect(exitCode).toBe(2);
		expect(stderr).toContain('Use a whole number, 1 to 86400.');
	});

	it.each(['verify-full', 'allow'])('with --sslmode %s looks at the certificate', async (mode) => {
		const refused = await run([...args, '--sslmode', mode]);
		expect(refused.exitCode).toBe(1);
		expect(refused.stdout + refused.stderr).toMatch(/certificate/);
		const { exitCode } = await run([...args], { PGSSLMODE: mode, PGSSLROOTCERT: `${server.dataDir}/ca.crt` });
		expect(exitCode).toBe(0);
	});
});
