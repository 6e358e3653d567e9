import type { SshTunnel } from '../../../../core/postgres/connect/connection';
import { listDatabases } from '../../../../core/postgres/connect/server';
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
		`CREATE TABLE t AS SELECT n, repeat(md5(n::text), 10) AS text FROM generate_series(1, 20000) n`,
	);
});
afterAll(async () => {
	await ssh.stop();
	await server.stop();
});

const byPassword = (): SshTunnel => ({
	host: '127.0.0.1',
	port: ssh.port,
	user: ssh.user,
	password: ssh.password,
});
const byKey = (): SshTunnel => ({
	host: '127.0.0.1',
	port: ssh.port,
	user: ssh.user,
	privateKey: ssh.privateKey,
	passphrase: ssh.passphrase,
});
const counted = { tables: { 'public.t': 20_000 } };

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	const dump = async (sshTunnel: SshTunnel, more: Parameters<typeof connectionTo>[1] = {}) =>
		(await readDump(engines[engine]!(connectionTo(server, { sshTunnel, ...more }), requestFor('postgres'))))
			.facts;

	test('a dump comes through a tunnel that a password opens, and the tunnel is closed after it', async () => {
		const facts = await dump(byPassword());
		expect(facts.census).toMatchObject(counted);
		expect(facts.source).toMatchObject({ host: server.host, port: server.port });
		await eventually(() => expect(ssh.connections()).toBe(0));
	});

	test('a dump comes through a tunnel that a private key with a passphrase opens', async () => {
		expect((await dump(byKey())).census).toMatchObject(counted);
	});

	test('within the tunnel the certificate is that of the server, by its own name', async () => {
		const tls = { mode: 'require', verifyCertificate: true, ca: server.ca } as const;
		expect((await dump(byPassword(), { tls, host: 'localhost' })).census).toMatchObject(counted);
	});

	test('an SSH server that reaches nothing and does not say so is waited for as long as the server itself', async () => {
		const silent = await startSshServer({ reaches: false });
		try {
			const dumping = dump({ ...byPassword(), port: silent.port }, { connectTimeoutMs: 4000 });
			await expect(dumping).rejects.toMatchObject({
				code: 'unreachable',
				message: `PostgreSQL at 127.0.0.1:${server.port} did not answer in time. Check the address and the firewalls between n8n and that server.`,
			});
			await eventually(() => expect(silent.connections()).toBe(0));
		} finally {
			await silent.stop();
		}
	});

	test('a wrong SSH password is named as one', async () => {
		await expect(dump({ ...byPassword(), password: 'wrong' })).rejects.toMatchObject({
			code: 'auth',
			message: `The SSH server at 127.0.0.1:${ssh.port} refused the user “tunneller”. Correct the SSH user, password or private key in the credential.`,
		});
	});

	test('a key without its passphrase is named as unusable', async () => {
		await expect(dump({ ...byKey(), passphrase: undefined })).rejects.toMatchObject({
			code: 'bad-parameter',
			message: expect.stringMatching(/^The SSH private key cannot be used: .*passphrase/),
		});
	});

	test('an SSH server that is not there is named', async () => {
		await expect(dump({ ...byPassword(), port: 1 })).rejects.toThrow(
			'Nothing answers at SSH server at 127.0.0.1:1.',
		);
	});

	test('a PostgreSQL server that the SSH server cannot reach is named', async () => {
		await expect(dump(byPassword(), { port: 1 })).rejects.toMatchObject({
			code: 'unreachable',
			message: expect.stringMatching(
				/^The SSH server at 127\.0\.0\.1:\d+ could not reach PostgreSQL at 127\.0\.0\.1:1:/,
			),
		});
		await eventually(() => expect(ssh.connections()).toBe(0));
	});

	test('PostgreSQL’s refusals come through the tunnel, too', async () => {
		await expect(dump(byPassword(), { password: 'wrong' })).rejects.toMatchObject({ code: 'auth' });
		await eventually(() => expect(ssh.connections()).toBe(0));
	});
});

test('databases are listed through the tunnel', async () => {
	expect(await listDatabases(connectionTo(server, { sshTunnel: byKey() }), never)).toMatchObject({
		names: ['postgres'],
	});
	await eventually(() => expect(ssh.connections()).toBe(0));
});
