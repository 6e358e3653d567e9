import { generateKeyPairSync, timingSafeEqual } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import ssh2, { type Client, type Connection, type ParsedKey } from 'ssh2';
import { sshKeyPair } from '../../../support/sshKeyPair';

export interface SshServer {
	port: number;
	user: string;
	password: string;
	/** PEM, its passphrase is `open sesame`. */
	privateKey: string;
	passphrase: string;
	/** Log-ins that are there now. */
	connections: () => number;
	stop: () => Promise<void>;
}

/**
 * A real SSH server within this process, bound to the loopback interface, that forwards TCP connections.
 *
 * @param reaches whether it does; false: it waits for the other server for ever, as behind a firewall that drops packets
 */
export async function startSshServer({ reaches = true } = {}): Promise<SshServer> {
	const [user, password, passphrase] = ['tunneller', 'ssh-secret', 'open sesame'];
	const key = sshKeyPair(passphrase);
	const userKey = ssh2.utils.parseKey(key.public) as ParsedKey;
	const hostKey = generateKeyPairSync('rsa', {
		modulusLength: 2048,
		publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
		privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
	});
	const connections = new Set<Connection>();
	const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
		connections.add(client);
		// The types know it of clients only.
		(client as unknown as Pick<Client, 'setNoDelay'>).setNoDelay(true);
		client.on('error', () => {});
		client.on('close', () => connections.delete(client));
		client.on('authentication', (attempt) => {
			const isUser = attempt.username === user;
			if (isUser && attempt.method === 'password' && attempt.password === password) attempt.accept();
			else if (isUser && attempt.method === 'publickey' && isKey(attempt.key.data, userKey)) attempt.accept();
			else attempt.reject(['password', 'publickey']);
		});
		client.on('tcpip', (accept, reject, { destIP, destPort }) => {
			if (!reaches) return;
			const socket = connect({ port: destPort, host: destIP, noDelay: true });
			socket.once('error', () => reject());
			socket.once('connect', () => {
				const channel = accept();
				channel.on('error', () => {});
				channel.on('close', () => socket.destroy());
				socket.on('error', () => channel.destroy());
				socket.pipe(channel).pipe(socket);
			});
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		user,
		password,
		privateKey: key.private,
		passphrase,
		connections: () => connections.size,
		stop: async () => {
			for (const connection of connections) connection.end();
			await new Promise<void>((resolve) => server.close(() => resolve()));
		},
	};
}

function isKey(offered: Buffer, known: ParsedKey): boolean {
	const expected = known.getPublicSSH();
	return offered.length === expected.length && timingSafeEqual(offered, expected);
}
