import { chmod, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { PasswordSftpServer } from '../../../lab/servers/proftpd';
import type { SftpServer } from '../../../lab/servers/sftp';
import type { SwiftServer } from '../../../lab/servers/swift';
import type { WebdavServer } from '../../../lab/servers/webdav';
import { writeBackup } from '../../support/writeBackup';
import type { OperationRow } from './operations';

export interface RemoteServers {
	swift: SwiftServer;
	sftp: SftpServer;
	passwordSftp: PasswordSftpServer;
	webdav: WebdavServer;
}

interface Access {
	/** Of the node, for a new place of this name, which is made. */
	parameters(name: string): Promise<Record<string, unknown>>;
	credentials: Record<string, Record<string, unknown>>;
	/** The same with a secret that is wrong. */
	wrong: Record<string, Record<string, unknown>>;
}

/** Each credential of n8n's that Off-Site Copy takes, in its own fields. */
export const remoteAccesses = [
	'aws',
	'nextCloudApi',
	'httpBasicAuth',
	's3',
	'sftp by key',
	'sftp by password',
] as const;

const badKey: OperationRow['says'] = {
	message: /did not accept the access key/,
	description: /Correct access key and secret key/,
};
const badUser: OperationRow['says'] = {
	message: /refused the user/,
	description: /Correct (?:the )?user(?:,| and) password/,
};

function accessesOf({ swift, sftp, passwordSftp, webdav }: RemoteServers): Record<string, Access> {
	const { accessKeyId, secretAccessKey, endpoint, bucket } = swift;
	const keys = { region: 'us-east-1', accessKeyId, secretAccessKey };
	const badKeys = { ...keys, secretAccessKey: 'wrong-secret' };
	const s3 = (destination: string) => async (keyPrefix: string) =>
		await Promise.resolve({ destination, bucket, keyPrefix });
	const custom = { customEndpoints: true, s3Endpoint: endpoint, temporaryCredentials: false };
	const compatible = { endpoint, forcePathStyle: true };
	const { user, password, url } = webdav;
	const makeFiles = async (name: string) => {
		await mkdir(join(webdav.directory, name));
		await chmod(join(webdav.directory, name), 0o777);
	};
	const cloud = { webDavUrl: url, user, password };
	const login = (server: SftpServer | PasswordSftpServer) => ({
		...{ host: server.host, port: server.port, username: server.user },
	});
	const sftpAt = (directory: string) => async (name: string) => {
		await mkdir(join(directory, name));
		return { destination: 'sftp', path: join(directory, name) };
	};
	const byKey = { ...login(sftp), password: '', privateKey: sftp.privateKey, passphrase: '' };
	const byPassword = { ...login(passwordSftp), password: passwordSftp.password, privateKey: '' };
	return {
		aws: {
			parameters: s3('aws'),
			credentials: { aws: { ...keys, ...custom } },
			wrong: { aws: { ...badKeys, ...custom } },
		},
		s3: {
			parameters: s3('s3'),
			credentials: { s3: { ...keys, ...compatible } },
			wrong: { s3: { ...badKeys, ...compatible } },
		},
		httpBasicAuth: {
			async parameters(name) {
				await makeFiles(name);
				return { destination: 'webdav', url: `${url}${name}` };
			},
			credentials: { httpBasicAuth: { user, password } },
			wrong: { httpBasicAuth: { user, password: 'wrong-secret' } },
		},
		nextCloudApi: {
			async parameters(name) {
				await makeFiles(name);
				return { destination: 'nextcloud', path: `/${name}` };
			},
			credentials: { nextCloudApi: cloud },
			wrong: { nextCloudApi: { ...cloud, password: 'wrong-secret' } },
		},
		'sftp by key': {
			parameters: sftpAt(sftp.directory),
			credentials: { sftp: byKey },
			wrong: { sftp: { ...byKey, privateKey: '', password: 'wrong-secret' } },
		},
		'sftp by password': {
			parameters: sftpAt(passwordSftp.directory),
			credentials: { sftp: byPassword },
			wrong: { sftp: { ...byPassword, password: 'wrong-secret' } },
		},
	};
}

/** A copy to each of the servers. */
export function remoteOperation(servers: () => RemoteServers, access: string): OperationRow {
	const of = () => accessesOf(servers())[access]!;
	const call = async (place: string) => {
		const backupDirectory = join(place, 'backups');
		await mkdir(backupDirectory);
		await writeBackup(backupDirectory, { stamp: '20250101_020000' });
		return {
			backupDirectory,
			simplify: false,
			...(await of().parameters(`${basename(place)}-${access.replaceAll(' ', '-')}`)),
		};
	};
	return {
		name: `offSiteCopy copy: ${access}`,
		works: async (place) => ({ parameters: await call(place), credentials: of().credentials }),
		judge: (items) => {
			const place = items[0]?.place;
			expect(items).toMatchObject([
				{
					...{ name: 'n8n_20250101_020000.sql.gz', outcome: 'copied', warnings: [] },
					manifest: { copies: [{ place, lastSeenAt: expect.any(String) as string }] },
				},
			]);
		},
		fails: async (place) => ({ parameters: await call(place), credentials: of().wrong }),
		says: access === 'aws' || access === 's3' ? badKey : badUser,
	};
}
