import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import {
	copyBackups,
	type Destination,
	type DestinationOptions,
	hostKeyGiven,
	openDestination,
} from '../../../core/offsite';
import { textContent } from '../../../core/offsite/content';
import { type SftpServer, type SftpServerOptions, startSftp } from '../../../lab/servers/sftp';
import { startSwift, type SwiftServer } from '../../../lab/servers/swift';
import { startWebdav, type WebdavServer } from '../../../lab/servers/webdav';
import { describeDisks, temporaryDisks } from '../../support/disks';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';
import { contentOf, contentOfOnes } from './support/contents';
import { patience } from './support/testServers';

jest.setTimeout(240_000);

const name = 'postgres/n8n_20250101_020000.sql.gz';
const cleanUps: Array<() => Promise<void>> = [];
let swift: SwiftServer;
let webdav: WebdavServer;

beforeAll(async () => {
	[swift, webdav] = await Promise.all([startSwift(), startWebdav()]);
}, 240_000);
afterAll(() => Promise.all([swift.stop(), webdav.stop()]));
async function cleanUp(): Promise<void> {
	for (let next = cleanUps.pop(); next; next = cleanUps.pop()) await next();
}
afterEach(cleanUp);

async function open(options: DestinationOptions): Promise<Destination> {
	const destination = await openDestination(options, patience());
	cleanUps.push(async () => await destination[Symbol.asyncDispose]());
	return destination;
}

type S3 = Partial<Extract<DestinationOptions, { kind: 's3' }>>;

async function openS3(more: S3 = {}, server: SwiftServer = swift): Promise<Destination> {
	const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
	const keys = { bucket, accessKeyId, secretAccessKey, prefix: 'n8n', region: 'us-east-1' };
	return await open({ kind: 's3', endpoint, forcePathStyle: true, ...keys, ...more });
}

async function openWebdav(path: string, password = webdav.password, server = webdav): Promise<Destination> {
	return await open({ kind: 'webdav', url: `${server.url}${path}`, user: server.user, password });
}

async function openSftp(options: SftpServerOptions = {}, path?: string): Promise<Destination> {
	const server = await startSftp(options);
	cleanUps.push(async () => await server.stop());
	return await loginAt(server, path);
}

async function loginAt(server: SftpServer, path = server.directory): Promise<Destination> {
	const { host, port, user, privateKey, fingerprint } = server;
	return await open({
		...{ kind: 'sftp', host, port, user, privateKey, path },
		hostKeys: hostKeyGiven(fingerprint),
	});
}

/** Answers as the S3 API documents it, for what no server here can be brought to say. */
async function openAnswering(code: string, status: number, prefix = 'n8n'): Promise<Destination> {
	const server = createServer((request, response) => {
		request.resume();
		// Nor does it say what time it is, which the SDK would go by.
		response.sendDate = false;
		response.writeHead(status, { 'Content-Type': 'application/xml' });
		response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	cleanUps.push(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});
	const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return await openS3({ endpoint, prefix, secretAccessKey: 'wrong-secret' });
}

const refused: Record<string, { use: () => Promise<unknown>; says: string }> = {
	'S3, a secret key that is wrong': {
		use: async () => await list(await openS3({ secretAccessKey: 'wrong-secret' })),
		says: 's3://backups/n8n did not accept the access key. Correct access key and secret key in the credential, and see that they have not expired.',
	},
	'S3, an access key that nobody has': {
		use: async () => await list(await openS3({ accessKeyId: 'lab:nobody' })),
		says: 's3://backups/n8n did not accept the access key. Correct access key and secret key in the credential, and see that they have not expired.',
	},
	'S3, a session that has expired': {
		use: async () => await list(await openAnswering('ExpiredToken', 400)),
		says: 's3://backups/n8n did not accept the access key. Correct access key and secret key in the credential, and see that they have not expired.',
	},
	'S3, a clock that differs, on a server that does not say its own': {
		use: async () => await list(await openAnswering('RequestTimeTooSkewed', 403)),
		says: 's3://backups/n8n has another time than this machine. Set the clock of this machine right (timedatectl), then run it again.',
	},
	'S3, a bucket that is not there': {
		use: async () => await list(await openS3({ bucket: 'not-there', prefix: '' })),
		says: 's3://not-there has no such bucket. Create the bucket, or correct its name; it is never created here.',
	},
	'S3, a bucket that is not there, to write': {
		use: async () => await put(await openS3({ bucket: 'not-there', prefix: '' })),
		says: 's3://not-there has no such bucket. Create the bucket, or correct its name; it is never created here.',
	},
	'S3, a key that may only read': {
		use: async () => await put(await openS3(swift.reader)),
		says: 's3://backups/n8n does not permit this access key to do that. Allow it s3:ListBucket, s3:GetObject and s3:PutObject, and for Prune s3:DeleteObject.',
	},
	'S3, a quota that is reached': {
		use: async () => await list(await openAnswering('QuotaExceeded', 403)),
		says: 's3://backups/n8n had no space left. Free space there or raise the quota, then run it again.',
	},
	'SFTP, a key that has expired': {
		use: async () => await openSftp({ keyExpires: '20200101' }),
		says: 'the SFTP server 127.0.0.1:PORT refused the user “USER”. Correct the user, password or private key in the credential.',
	},
	'SFTP, a directory that is not there': {
		use: async () => await put(await openSftp({}, '/not/there')),
		says: 'sftp://USER@127.0.0.1:PORT/not/there/postgres does not exist. Create the directory on that server, or correct the path.',
	},
	'WebDAV, a password that is wrong': {
		use: async () => await list(await openWebdav('', 'wrong-secret')),
		says: 'The server of webdav://127.0.0.1:PORT/postgres refused the user. Correct user and password; Nextcloud needs an app password where two factors are switched on.',
	},
	'WebDAV, a directory that is not there': {
		use: async () => await list(await openWebdav('not-there/')),
		says: 'webdav://127.0.0.1:PORT/not-there does not exist. Create the directory on that server, or correct the address.',
	},
	'another directory, which is not there': {
		use: async () => await open({ kind: 'directory', path: '/not/there' }),
		says: '/not/there does not exist. Create it, or correct the path; inside a container it must be mounted there.',
	},
};

const list = async (destination: Destination) => await destination.list('postgres', patience());
const put = async (destination: Destination) => await destination.put(name, textContent('x'), patience());

describe('A destination that cannot be used', () => {
	it.each(Object.keys(refused))('says what to do, and shows no secret: %s', async (row) => {
		const { use, says } = refused[row]!;
		const error = await use().then(
			() => undefined,
			(thrown: unknown) => thrown,
		);
		expect(messageOf(error)).toBe(says);
		// What is logged of an error is all of it, its causes included.
		const everything = inspect(error, { depth: 20, showHidden: false });
		for (const secret of secrets()) expect(everything).not.toContain(secret);
	});
});

function secrets(): string[] {
	const passwords = ['wrong-secret', swift.secretAccessKey, swift.reader.secretAccessKey, webdav.password];
	const basic = passwords.map((password) => Buffer.from(`${webdav.user}:${password}`).toString('base64'));
	return [...passwords, ...basic, 'PRIVATE KEY'];
}

/** Without what differs from run to run. */
function messageOf(error: unknown): string {
	return (error as Error).message
		.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
		.replaceAll(/“\w+”/g, '“USER”')
		.replaceAll(/:\/\/\w+@/g, '://USER@');
}

describe('The clock of a machine that is 20 minutes off', () => {
	it.each([-20, 20])('keeps no copy from S3: %d minutes', async (minutes) => {
		const { now } = Date;
		const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + minutes * 60_000);
		try {
			const destination = await openS3({ prefix: `clock/${minutes}` });
			await put(destination);
			expect(await list(destination)).toEqual([{ name, bytes: 1 }]);
			expect(clock).toHaveBeenCalled();
		} finally {
			clock.mockRestore();
		}
	});
});

describe('What a place keeps', () => {
	it.each<[string, () => Promise<Destination>]>([
		[
			'S3 with a key that may not delete',
			async () => {
				await put(await openS3({ prefix: 'locked' }));
				return await openS3({ prefix: 'locked', ...swift.reader });
			},
		],
		[
			'SFTP that allows no removal',
			async () => {
				const destination = await openSftp({ forbid: ['remove'] });
				await put(destination);
				return destination;
			},
		],
		[
			'WebDAV that allows no DELETE',
			async () => {
				const server = await startWebdav({ forbid: 'DELETE' });
				cleanUps.push(async () => await server.stop());
				const destination = await openWebdav('', server.password, server);
				await put(destination);
				return destination;
			},
		],
		[
			'S3 with Object Lock',
			async () => {
				await Promise.resolve();
				return await openAnswering('AccessDenied', 403);
			},
		],
	])('is locked, and no error: %s', async (_, prepare) => {
		const destination = await prepare();
		expect(await destination.delete(name, patience())).toBe('locked');
	});
});

describe('A byte that changes on its way', () => {
	it('is refused by an S3 server, by the SHA-256 that the bytes are signed with', async () => {
		const server = createServer((request, response) => {
			const { method, url: path, headers } = request;
			const onward = httpRequest({ port: swift.port, method, path, headers }, (answer) => {
				response.writeHead(answer.statusCode!, answer.headers);
				answer.pipe(response);
			});
			// Swift sends a last chunk even after an answer to HEAD, which has none.
			onward.on('error', () => !response.headersSent && response.destroy());
			const body = method === 'PUT' ? Readable.from(spoil(request)) : request;
			body.pipe(onward);
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		const { port } = server.address() as AddressInfo;
		try {
			const destination = await openS3({ prefix: 'spoiled', endpoint: `http://127.0.0.1:${port}` });
			await expect(destination.put(name, contentOf(randomBytes(100_000)), patience())).rejects.toThrow(
				's3://backups/spoiled received other bytes than were sent. Check the network between n8n and that server, then run it again.',
			);
			expect(await (await openS3({ prefix: 'spoiled' })).head(name, patience())).toBeUndefined();
		} finally {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		}
	});
});

async function* spoil(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let isFirst = true;
	for await (const piece of body) {
		if (isFirst) piece[0]! ^= 1;
		isFirst = false;
		yield piece;
	}
}

describe('Two copies at once', () => {
	const directory = temporaryDirectory();

	it.each<[string, () => Promise<() => Promise<Destination>>]>([
		['S3', async () => await Promise.resolve(async () => await openS3({ prefix: 'twice' }))],
		['WebDAV', async () => await Promise.resolve(async () => await openWebdav(''))],
		[
			'SFTP',
			async () => {
				const server = await startSftp();
				cleanUps.push(async () => await server.stop());
				return async () => await loginAt(server);
			},
		],
	])('end with whole files, and neither fails: %s', async (_, connect) => {
		const root = directory.path('backups');
		await mkdir(root);
		for (let day = 1; day <= 6; day++) {
			const content = randomBytes(50_000).toString('latin1');
			await writeBackup(root, { stamp: `2025010${day}_020000`, content });
		}
		const openOne = await connect();
		const copy = async () => {
			const destination = await openOne();
			return await copyBackups({ destination, root, timeZone: 'utc', readBack: true }, patience());
		};
		const both = await Promise.all([copy(), copy()]);
		expect(both.flat().map(({ error }) => error)).toEqual(Array(12).fill(undefined));
		const destination = await openOne();
		expect(await destination.list('postgres', patience())).toHaveLength(12);
		for (const path of await readdir(directory.path('backups', 'postgres'))) {
			if (path.includes('manifest')) continue;
			const pieces: Buffer[] = [];
			for await (const piece of destination.get(`postgres/${path}`, patience())) pieces.push(piece);
			expect(Buffer.concat(pieces)).toEqual(await readFile(directory.path('backups', 'postgres', path)));
		}
	});
});

describeDisks('A disk that is full at the other side', () => {
	// Before the disks go.
	afterEach(cleanUp);
	const disks = temporaryDisks();
	/** More than the disk holds, and more than one part. */
	const bytes = 80_000_000;
	const large = contentOfOnes(bytes);

	it.each<[string, (disk: string) => Promise<Destination>, string]>([
		[
			'another directory',
			async (disk) => await open({ kind: 'directory', path: disk }),
			'There was no space left to write /DISK/postgres/n8n_20250101_020000.sql.gz. Free space on that disk or volume, or prune old backups, then run it again.',
		],
		[
			'SFTP',
			async (disk) => await openSftp({}, disk),
			'There was no space left for sftp://USER@127.0.0.1:PORT/DISK/postgres/n8n_20250101_020000.sql.gz. Free space on that server or raise the quota, then run it again.',
		],
		[
			'WebDAV',
			async (disk) => {
				// Apache serves as another user, who has to get there.
				await chmod(disks.path(), 0o755);
				const server = await startWebdav({ files: `${disk}/files` });
				cleanUps.push(async () => await server.stop());
				return await openWebdav('', server.password, server);
			},
			'There was no space left for webdav://127.0.0.1:PORT/postgres/n8n_20250101_020000.sql.gz. Free space on that server or raise the quota, then run it again.',
		],
		[
			'S3',
			async (disk) => {
				const server = await startSwift({ device: disk });
				cleanUps.push(async () => await server.stop());
				return await openS3({}, server);
			},
			's3://backups/n8n cannot take it now: it is busy, being serviced or full. Run it again later; if that does not help, look into that server’s log.',
		],
	])('leaves nothing there: %s', async (_, openOn, says) => {
		const disk = disks.ext4('small');
		const destination = await openOn(disk);
		const error = await destination.put(name, large, patience()).then(
			() => undefined,
			(thrown: unknown) => thrown,
		);
		expect(messageOf(error).replaceAll(disk, '/DISK')).toBe(says);
		expect(await destination.list('postgres', patience())).toEqual([]);
		// What is small has its place again.
		await writeFile(`${disk}/is-free`, Buffer.alloc(10_000_000));
		await put(destination);
		expect(await list(destination)).toEqual([{ name, bytes: 1 }]);
	});
});
