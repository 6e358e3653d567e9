import {
	AbortMultipartUploadCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	ListMultipartUploadsCommand,
	PutObjectCommand,
	S3Client,
	UploadPartCommand,
} from '@aws-sdk/client-s3';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Destination, hostKeyGiven, openDestination } from '../../../core/offsite';
import { upload } from '../../../core/offsite/s3/upload';
import { startSftp } from '../../../lab/servers/sftp';
import { startSwift, type SwiftServer } from '../../../lab/servers/swift';
import { startWebdav } from '../../../lab/servers/webdav';
import { contentFrom, contentOf } from './support/contents';
import { patience } from './support/testServers';

jest.setTimeout(240_000);

const name = 'postgres/n8n_20250101_020000.sql.gz';
const dayMs = 24 * 60 * 60_000;

describe('The parts of an upload to S3 that was not completed', () => {
	let swift: SwiftServer;
	let client: S3Client;
	let destination: Destination;
	let newClient: () => S3Client;

	beforeAll(async () => {
		swift = await startSwift();
		const { endpoint, bucket, accessKeyId, secretAccessKey } = swift;
		const server = { endpoint, forcePathStyle: true, region: 'us-east-1' };
		newClient = () =>
			new S3Client({
				...server,
				credentials: { accessKeyId, secretAccessKey },
				requestChecksumCalculation: 'WHEN_REQUIRED',
			});
		client = newClient();
		const place = { bucket, prefix: 'n8n', accessKeyId, secretAccessKey };
		destination = await openDestination({ kind: 's3', ...server, ...place }, patience());
	}, 240_000);
	afterAll(async () => {
		client.destroy();
		await destination[Symbol.asyncDispose]();
		await swift.stop();
	});

	const begun = async () => {
		const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: swift.bucket }));
		return Uploads.map(({ Key }) => Key);
	};
	const begin = async (Key: string) => {
		const object = { Bucket: swift.bucket, Key };
		const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
		await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: Buffer.alloc(10) }));
	};

	it.each([6_000_000, 30_000_000])('are given up when its bytes fail at their end: %d', async (bytes) => {
		const failing = contentFrom(bytes, async function* () {
			yield await Promise.resolve(Buffer.alloc(bytes - 1));
			throw new RangeError('not what it should be');
		});
		await expect(destination.put(name, failing, patience())).rejects.toThrow();
		expect(await begun()).toEqual([]);
		expect(await destination.list('postgres', patience())).toEqual([]);
	});

	it('are given up by a later run when that could not be: of ours, after two days', async () => {
		const [ours, others] = [`n8n/${name}`, 'n8n/postgres/video.mp4'];
		await begin(ours);
		await begin(others);
		await destination.sweep('postgres', patience());
		expect(await begun()).toEqual([ours, others]);
		const { now } = Date;
		const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 2.1 * dayMs);
		try {
			await destination.sweep('postgres', patience());
		} finally {
			clock.mockRestore();
		}
		expect(await begun()).toEqual([others]);
	});

	describe('because its completion was answered with an error', () => {
		const Key = 'interrupted';
		const object = () => ({ Bucket: swift.bucket, Key });

		/** Answers in the server's place, or after it, and counts what is given up. */
		function interfere({ isCompleted = false, isSilent = false }): { client: S3Client; givenUp(): number } {
			const interfered = newClient();
			let givenUp = 0;
			const refuse = (name: string, httpStatusCode: number) =>
				Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
			interfered.middlewareStack.add(
				(next, { commandName }) =>
					async (args) => {
						if (commandName === 'AbortMultipartUploadCommand') givenUp++;
						if (commandName === 'HeadObjectCommand' && isSilent) throw refuse('AccessDenied', 403);
						if (commandName !== 'CompleteMultipartUploadCommand') return await next(args);
						if (isCompleted) await next(args);
						throw refuse('BrokenMPU', 409);
					},
				{ step: 'initialize' },
			);
			return { client: interfered, givenUp: () => givenUp };
		}

		const content = Buffer.alloc(6_000_000, 'content');
		const send = async (through: S3Client) =>
			await upload({ client: through, object: object(), path: Key }, contentOf(content), patience());

		afterEach(async () => {
			const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: swift.bucket }));
			for (const { UploadId } of Uploads.filter((found) => found.Key === Key))
				await client.send(new AbortMultipartUploadCommand({ ...object(), UploadId }));
		});

		it('are kept, and nothing has failed, where the object is there', async () => {
			const { client: through, givenUp } = interfere({ isCompleted: true });
			await send(through);
			expect(givenUp()).toBe(0);
			expect((await swift.objects(Key)).get('')?.equals(content)).toBe(true);
			await client.send(new DeleteObjectCommand(object()));
		});

		it('are given up where it is not', async () => {
			const { client: through, givenUp } = interfere({});
			await expect(send(through)).rejects.toMatchObject({ name: 'BrokenMPU' });
			expect(givenUp()).toBe(1);
			expect(await begun()).not.toContain(Key);
		});

		it('are given up where another object is there', async () => {
			await client.send(new PutObjectCommand({ ...object(), Body: 'another' }));
			const { client: through, givenUp } = interfere({});
			await expect(send(through)).rejects.toMatchObject({ code: 'exists' });
			expect(givenUp()).toBe(1);
			expect(await begun()).not.toContain(Key);
			await client.send(new DeleteObjectCommand(object()));
		});

		it('are kept where the server does not say', async () => {
			const { client: through, givenUp } = interfere({ isSilent: true });
			await expect(send(through)).rejects.toMatchObject({ name: 'BrokenMPU' });
			expect(givenUp()).toBe(0);
			expect(await begun()).toContain(Key);
		});

		it('are kept where another run has begun it, which may be completing it', async () => {
			await begin(Key);
			const { client: through, givenUp } = interfere({});
			await expect(send(through)).rejects.toMatchObject({ name: 'BrokenMPU' });
			expect(givenUp()).toBe(0);
			expect(await begun()).toContain(Key);
		});
	});
});

describe('A partial file of a run that is gone', () => {
	it.each<[string, () => Promise<{ files: string; destination: Destination; stop(): Promise<void> }>]>([
		[
			'SFTP',
			async () => {
				const { host, port, user, privateKey, fingerprint, directory, stop } = await startSftp();
				const login = { host, port, user, privateKey, hostKeys: hostKeyGiven(fingerprint) };
				const destination = await openDestination({ kind: 'sftp', ...login, path: directory }, patience());
				return { files: directory, destination, stop };
			},
		],
		[
			'WebDAV',
			async () => {
				const { url, user, password, directory, stop } = await startWebdav();
				const destination = await openDestination({ kind: 'webdav', url, user, password }, patience());
				return { files: directory, destination, stop };
			},
		],
	])('is taken away by a later one, two days after it was written to: %s', async (_, start) => {
		const { files, destination, stop } = await start();
		try {
			await destination.put(name, contentOf(Buffer.alloc(0)), patience());
			const at = (file: string) => join(files, 'postgres', file);
			const old = new Date(Date.now() - 2.1 * dayMs);
			for (const file of ['.old.partial', '.new.partial', 'old.txt']) await writeFile(at(file), '');
			for (const file of ['.old.partial', 'old.txt']) await utimes(at(file), old, old);
			await destination.sweep('postgres', patience());
			expect((await readdir(join(files, 'postgres'))).sort()).toEqual([
				...['.new.partial', 'n8n_20250101_020000.sql.gz', 'old.txt'],
			]);
		} finally {
			await destination[Symbol.asyncDispose]();
			await stop();
		}
	});
});
