import type { TlsSettings } from '../../../../core/postgres/connect/connection';
import { listDatabases } from '../../../../core/postgres/connect/server';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, engines, never, readDump, requestFor } from '../support/dumps';

jest.setTimeout(60_000);

let server: PostgresServer;
let plainServer: PostgresServer;
beforeAll(async () => {
	[server, plainServer] = await Promise.all([
		startPostgres({
			tls: true,
			settings: { listen_addresses: '127.0.0.1,127.0.0.2' },
			// One who may only come by TLS.
			hba: 'hostnossl all clerk 127.0.0.1/32 reject',
		}),
		startPostgres(),
	]);
	await server.query(
		`CREATE TABLE t AS SELECT generate_series(1, 1000) AS n; CREATE ROLE clerk SUPERUSER LOGIN PASSWORD 'clerk'`,
	);
	await plainServer.query(`CREATE TABLE t AS SELECT generate_series(1, 1000) AS n`);
});
afterAll(async () => {
	await server.stop();
	await plainServer.stop();
});

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	const dump = async (tls: TlsSettings, to = server, host = 'localhost') =>
		(await readDump(engines[engine]!(connectionTo(to, { host, tls }), requestFor('postgres')))).facts.census;
	const counted = { tables: { 'public.t': 1000 } };

	test('a certificate by a known authority is accepted', async () => {
		expect(await dump({ mode: 'require', verifyCertificate: true, ca: server.ca })).toMatchObject(counted);
	});

	test('an address that the certificate names is accepted', async () => {
		const tls: TlsSettings = { mode: 'require', verifyCertificate: true, ca: server.ca };
		expect(await dump(tls, server, '127.0.0.1')).toMatchObject(counted);
	});

	test('a certificate by an unknown authority is refused', async () => {
		await expect(dump({ mode: 'require', verifyCertificate: true })).rejects.toMatchObject({
			code: 'auth',
			message: expect.stringMatching(
				/TLS certificate of PostgreSQL at localhost:\d+ was not accepted.*right CA/,
			),
		});
	});

	test('a certificate for another host is refused', async () => {
		const tls: TlsSettings = { mode: 'require', verifyCertificate: true, ca: server.ca };
		await expect(dump(tls, server, '127.0.0.2')).rejects.toMatchObject({
			code: 'auth',
			message: expect.stringMatching(/was not accepted: .*127\.0\.0\.2 is not in the cert's list/),
		});
	});

	test('any certificate is accepted where the credential says so', async () => {
		expect(await dump({ mode: 'require', verifyCertificate: false })).toMatchObject(counted);
	});

	test('where TLS is preferred, a server without it is used without it', async () => {
		expect(await dump({ mode: 'prefer', verifyCertificate: true }, plainServer)).toMatchObject(counted);
	});

	test('where TLS is required, a server without it is refused', async () => {
		await expect(dump({ mode: 'require', verifyCertificate: false }, plainServer)).rejects.toThrow(
			/does not offer TLS\. Switch TLS on at the server/,
		);
	});

	test('the dump itself is encrypted', async () => {
		const clerk = { user: 'clerk', password: 'clerk' };
		const dumpAsClerk = async (tls: TlsSettings) =>
			await readDump(engines[engine]!(connectionTo(server, { ...clerk, tls }), requestFor('postgres')));
		await expect(dumpAsClerk({ mode: 'require', verifyCertificate: false })).resolves.toMatchObject({
			facts: { census: counted },
		});
		await expect(dumpAsClerk({ mode: 'disable', verifyCertificate: false })).rejects.toThrow('no encryption');
	});

	test('a client certificate logs in where the server asks for one', async () => {
		const strict = await startPostgres({ tls: true, hba: 'hostssl all postgres 127.0.0.1/32 cert' });
		const client = strict.clientCertificate!;
		await expect(
			dump({ mode: 'require', verifyCertificate: true, ca: strict.ca, ...client }, strict),
		).resolves.toEqual({
			kind: 'postgres',
			tables: {},
			rows: 0,
		});
		await expect(
			dump({ mode: 'require', verifyCertificate: true, ca: strict.ca }, strict),
		).rejects.toMatchObject({
			code: 'auth',
			message: expect.stringContaining('requires a valid client certificate'),
		});
		await strict.stop();
	});
});

test('an unreadable authority is an error, not an accepted certificate', async () => {
	const connection = connectionTo(server, {
		tls: { mode: 'require', verifyCertificate: true, ca: 'no PEM' },
	});
	await expect(listDatabases(connection, never)).rejects.toMatchObject({ code: 'auth' });
});
