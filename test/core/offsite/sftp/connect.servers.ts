import type { AddressInfo } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { sshKeyPair } from '../../../support/sshKeyPair';
import { connectSftp } from '../../../../core/offsite/sftp/connect';

const user = 'keeper';
const connections = new Set<Connection>();
let server: ssh2.Server;
let port: number;

/** An SSH server that lets everybody in, and says nothing when it is asked for SFTP. */
beforeAll(async () => {
	const { private: hostKey } = sshKeyPair();
	server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
		connections.add(client);
		client.on('error', () => {});
		client.on('close', () => connections.delete(client));
		client.on('authentication', (attempt) => attempt.accept());
		client.on('session', (accept) => accept().on('sftp', () => {}));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
	for (const connection of connections) connection.end();
	await new Promise<void>((resolve) => server.close(() => resolve()));
});

const connect = async (signal: AbortSignal) =>
	await connectSftp(
		{
			...{ host: '127.0.0.1', port, path: '/', user, password: 'of no interest' },
			hostKeys: { expected: async () => undefined, pin: async () => {} },
		},
		signal,
	);

it('a server that lets one in and then opens no SFTP has as long as for the login', async () => {
	const started = performance.now();
	await expect(connect(new AbortController().signal)).rejects.toMatchObject({
		code: 'unreachable',
		message:
			`the SFTP server 127.0.0.1:${port} did not answer in time. ` +
			'Check the address and the firewalls between n8n and that server.',
	});
	// Its questions whether the server is still there end after 75 seconds.
	expect(performance.now() - started).toBeLessThan(40_000);
}, 100_000);

it('is given up when one cancels while the server says nothing', async () => {
	const cancelling = new AbortController();
	const connecting = connect(cancelling.signal);
	const timer = setInterval(() => connections.size > 0 && cancelling.abort(), 500);
	await expect(connecting).rejects.toMatchObject({ code: 'cancelled' });
	clearInterval(timer);
}, 100_000);
