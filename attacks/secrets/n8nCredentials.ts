import type { PostgresServer } from '../../lab/servers/postgres.ts';
import type { RedisServer } from '../../lab/servers/redis.ts';
import type { SftpServer } from '../../lab/servers/sftp.ts';
import type { SwiftServer } from '../../lab/servers/swift.ts';
import type { WebdavServer } from '../../lab/servers/webdav.ts';
import { type Mark, markedKey, markedPassword, markedWord } from './marks.ts';

/** What the credentials are for. */
export interface MarkedServers {
	postgres: PostgresServer;
	redis: RedisServer;
	swift: SwiftServer;
	webdav: WebdavServer;
	sftp: SftpServer;
}

/** Of a type of credential: the right one first, then what people and servers do wrong. */
export type Credentials = Record<string, Array<Record<string, unknown>>>;

/** Secrets that servers are started with. */
export const serverMarks = () => ({
	postgres: markedPassword('the password of PostgreSQL'),
	redis: markedWord('the password of Redis'),
	webdav: markedPassword('the password of WebDAV'),
});

type ServerMarks = ReturnType<typeof serverMarks>;

/**
 * Credentials of every type that a node takes, right and wrong: a server that is not there, a wrong password, a secret
 * in the wrong field.
 */
export function markedCredentials(
	servers: MarkedServers,
	own: ServerMarks,
	age: { identity: string; recipient: string },
): { credentials: Credentials; marks: Mark[] } {
	const marks: Mark[] = Object.values(own);
	const mark = <One extends Mark>(one: One): string => {
		marks.push(one);
		return one.secret;
	};
	const wrong = mark(markedPassword('a wrong password'));
	const inHost = mark(markedWord('a password in the address of a server'));
	const passphrase = mark(markedPassword('the passphrase of backups'));
	const pem = (what: string) => {
		const lines = Array.from({ length: 3 }, () => markedWord(what).secret);
		const text = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----'].join('\n');
		return mark(markedKey(what, text));
	};
	const identity = mark({ what: 'the identity', secret: age.identity, words: [age.identity.slice(-40)] });
	const brokenIdentity = mark({ ...markedWord('a broken identity') }).toUpperCase();
	marks.push({ what: 'a broken identity', secret: brokenIdentity, words: [brokenIdentity] });
	const { postgres, redis, swift, webdav, sftp } = servers;
	const database = {
		...{ host: postgres.host, port: postgres.port, user: 'marked', password: own.postgres.secret },
		...{ database: 'app', ssl: 'disable' },
	};
	const ssh = { sshTunnel: true, sshHost: sftp.host, sshPort: sftp.port, sshUser: sftp.user };
	const queue = { host: redis.host, port: redis.port, password: own.redis.secret };
	const secretAccessKey = mark({
		what: 'the secret key of S3',
		secret: swift.secretAccessKey,
		words: [swift.secretAccessKey],
	});
	const { endpoint, accessKeyId } = swift;
	const s3 = { endpoint, accessKeyId, secretAccessKey, region: 'us-east-1', forcePathStyle: true };
	const aws = { ...s3, customEndpoints: true, s3Endpoint: endpoint };
	const privateKey = mark(markedKey('the private key of SFTP', sftp.privateKey));
	const sftpLogin = { host: sftp.host, port: sftp.port, username: sftp.user };
	const dav = { user: webdav.user, password: own.webdav.secret };
	const nextcloud = { ...dav, webDavUrl: webdav.url };
	const docker = { connectBy: 'tcp', host: '127.0.0.1', port: 1 };
	return {
		marks,
		credentials: {
			postgres: [
				database,
				{ ...database, password: wrong },
				{ ...database, port: 1 },
				{ ...database, host: 'no.such.host.invalid' },
				{ ...database, host: `postgres://marked:${inHost}@127.0.0.1/app` },
				{ ...database, database: 'not there' },
				{ ...database, ssl: 'require' },
				{ ...database, ...ssh, sshAuthenticateWith: 'privateKey', privateKey },
				{ ...database, ...ssh, sshAuthenticateWith: 'password', sshPassword: wrong },
				{ ...database, ...ssh, sshAuthenticateWith: 'privateKey', privateKey: pem('a broken key of SSH') },
			],
			redis: [
				queue,
				{ ...queue, password: wrong },
				{ ...queue, port: 1 },
				{ ...queue, user: 'nobody' },
				{ ...queue, ssl: true },
				{ ...queue, host: `redis://:${inHost}@127.0.0.1` },
			],
			s3: [
				s3,
				{ ...s3, secretAccessKey: wrong },
				{ ...s3, endpoint: 'http://127.0.0.1:1' },
				{ ...s3, endpoint: `http://keeper:${inHost}@127.0.0.1:${swift.port}` },
				{ ...s3, endpoint: `keeper:${inHost}@127.0.0.1` },
				{ ...s3, secretAccessKey: `${wrong}\n` },
			],
			aws: [
				aws,
				{ ...aws, secretAccessKey: wrong },
				{ ...aws, temporaryCredentials: true, sessionToken: mark(markedWord('the session’s token')) },
				{ ...aws, s3Endpoint: `http://keeper:${inHost}@127.0.0.1:1` },
			],
			httpBasicAuth: [dav, { ...dav, password: wrong }, { ...dav, user: `${dav.user}:${inHost}` }],
			nextCloudApi: [
				nextcloud,
				{ ...nextcloud, password: wrong },
				{ ...nextcloud, webDavUrl: webdav.url.replace('://', `://keeper:${inHost}@`) },
				{ ...nextcloud, webDavUrl: `keeper:${inHost}@127.0.0.1` },
			],
			sftp: [
				{ ...sftpLogin, privateKey },
				{ ...sftpLogin, password: wrong },
				{ ...sftpLogin, privateKey, passphrase: mark(markedPassword('the passphrase of a key')) },
				{ ...sftpLogin, privateKey: pem('a broken key of SFTP') },
				{ ...sftpLogin, privateKey, port: 1 },
				{ ...sftpLogin, privateKey, host: `sftp://keeper:${inHost}@127.0.0.1` },
			],
			backupEncryptionAgeApi: [
				{ readBy: 'recipients', recipients: age.recipient, identity },
				{ readBy: 'passphrase', passphrase },
				{ readBy: 'passphrase', passphrase: wrong },
				{ readBy: 'recipients', recipients: age.recipient, identity: `AGE-SECRET-KEY-1${brokenIdentity}` },
				{ readBy: 'recipients', recipients: identity, identity: '' },
				{ readBy: 'recipients', recipients: `${age.recipient}\n${wrong}`, identity: wrong },
			],
			dockerEngineApi: [
				docker,
				{ ...docker, tls: true, key: pem('a broken key of Docker'), certificate: 'none' },
				{ ...docker, host: `tcp://docker:${inHost}@127.0.0.1` },
			],
		},
	};
}
