import { dockerConnection } from '../../../nodes/shared/dockerConnection';
import { postgresConnection } from '../../../nodes/shared/postgresConnection';
import { redisConnection } from '../../../nodes/shared/redisConnection';

const postgres = {
	host: 'db',
	port: 5433,
	database: 'n8n',
	user: 'n8n',
	password: 'secret',
	maxConnections: 100,
	ssl: 'disable',
	allowUnauthorizedCerts: false,
	sshTunnel: false,
};

describe('n8n’s postgres credential', () => {
	it('is taken over field by field', () => {
		expect(postgresConnection(postgres)).toEqual({
			host: 'db',
			port: 5433,
			database: 'n8n',
			user: 'n8n',
			password: 'secret',
			tls: { mode: 'disable', verifyCertificate: true },
			sshTunnel: undefined,
		});
	});

	it.each([
		[{ ssl: 'disable' }, { mode: 'disable', verifyCertificate: true }],
		[{ ssl: 'allow' }, { mode: 'require', verifyCertificate: true }],
		[{ ssl: 'require' }, { mode: 'require', verifyCertificate: true }],
		[
			{ ssl: '', allowUnauthorizedCerts: true },
			{ mode: 'require', verifyCertificate: false },
		],
	])('with %j means TLS %j', (fields, tls) => {
		expect(postgresConnection({ ...postgres, ...fields }).tls).toEqual(tls);
	});

	it('is refused with an SSL mode that this package does not know', () => {
		expect(() => postgresConnection({ ...postgres, ssl: 'verify-moon' })).toThrow(
			'The credential’s SSL mode "verify-moon" is not known to this node. Choose disable, allow or require.',
		);
	});

	const tunnel = { ...postgres, sshTunnel: true, sshHost: 'bastion', sshPort: 2222, sshUser: 'me' };

	it('brings its SSH tunnel along, by password', () => {
		const credential = {
			...tunnel,
			sshAuthenticateWith: 'password',
			sshPassword: 'pw',
			privateKey: 'unused',
		};
		expect(postgresConnection(credential).sshTunnel).toEqual({
			host: 'bastion',
			port: 2222,
			user: 'me',
			password: 'pw',
		});
	});

	it('brings its SSH tunnel along, by a key whose line breaks the editor took away', () => {
		const privateKey = '-----BEGIN OPENSSH PRIVATE KEY----- AAAA BBBB -----END OPENSSH PRIVATE KEY-----';
		const credential = { ...tunnel, sshAuthenticateWith: 'privateKey', privateKey, passphrase: 'pp' };
		expect(postgresConnection(credential).sshTunnel).toEqual({
			host: 'bastion',
			port: 2222,
			user: 'me',
			privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\n',
			passphrase: 'pp',
		});
	});

	it('leaves a key alone that has its line breaks', () => {
		const privateKey =
			'-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n';
		const credential = { ...tunnel, sshAuthenticateWith: 'privateKey', privateKey };
		expect(postgresConnection(credential).sshTunnel?.privateKey).toBe(privateKey);
	});

	it('is refused with an SSH authentication that this package does not know', () => {
		expect(() => postgresConnection({ ...tunnel, sshAuthenticateWith: 'agent' })).toThrow(
			'The credential’s SSH authentication "agent" is not known to this node. Choose password or private key.',
		);
	});
});

describe('n8n’s redis credential', () => {
	it('is taken over without its database number, for a snapshot holds them all', () => {
		expect(
			redisConnection({ host: 'redis', port: 6380, user: 'me', password: 'pw', database: 4, ssl: false }),
		).toEqual({
			host: 'redis',
			port: 6380,
			user: 'me',
			password: 'pw',
			tls: undefined,
		});
	});

	it('verifies the certificate unless it says not to', () => {
		const tls = (fields: object) => redisConnection({ host: 'redis', ssl: true, ...fields }).tls;
		expect(tls({})).toEqual({ verifyCertificate: true });
		expect(tls({ disableTlsVerification: true })).toEqual({ verifyCertificate: false });
	});
});

describe('the Docker Engine API credential', () => {
	it('means a socket by default', () => {
		expect(dockerConnection({ connectBy: 'socket', socketPath: '/run/podman.sock' })).toEqual({
			kind: 'socket',
			path: '/run/podman.sock',
		});
		expect(dockerConnection({})).toEqual({ kind: 'socket', path: '/var/run/docker.sock' });
	});

	it('means TCP, with TLS only when asked for', () => {
		const tcp = { connectBy: 'tcp', host: 'proxy', port: 2375, tls: false, ca: 'left over' };
		expect(dockerConnection(tcp)).toEqual({ kind: 'tcp', host: 'proxy', port: 2375, tls: undefined });
		expect(dockerConnection({ ...tcp, tls: true, ca: 'CA', certificate: '', key: '' })).toEqual({
			kind: 'tcp',
			host: 'proxy',
			port: 2375,
			tls: { verifyCertificate: true, ca: 'CA', certificate: undefined, key: undefined },
		});
	});
});

describe('a credential with a whole address for a host', () => {
	const address = 'proto://me:of-the-test@db';
	it.each([
		['PostgreSQL', () => postgresConnection({ ...postgres, host: address })],
		['SSH', () => postgresConnection({ ...postgres, sshTunnel: true, sshHost: address })],
		['Redis', () => redisConnection({ host: address, port: 6379 })],
		['Docker', () => dockerConnection({ connectBy: 'tcp', host: address, port: 2375 })],
	])('is refused without being repeated: %s', (_what, read) => {
		expect(read).toThrow('Write only the address there; user and password have fields of their own');
		expect(read).not.toThrow(/of-the-test/);
	});
});
