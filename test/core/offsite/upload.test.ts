import { S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { textContent } from '../../../core/offsite/content';
import { partBytesFor, upload } from '../../../core/offsite/s3/upload';

const [megabyte, gigabyte] = [1024 ** 2, 1024 ** 3];

describe('The parts of an upload to S3', () => {
	it.each([0, 1, 6 * gigabyte, 48 * gigabyte, 49 * gigabyte, 100 * gigabyte, 5 * 1024 * gigabyte])(
		'are at most 10,000 and at least 5 MB each, of %d bytes',
		(bytes) => {
			const partBytes = partBytesFor(bytes);
			expect(Math.ceil(bytes / partBytes)).toBeLessThanOrEqual(10_000);
			expect(partBytes).toBeGreaterThanOrEqual(5 * megabyte);
			// Three of them are in memory at a time.
			if (bytes <= 100 * gigabyte) expect(partBytes).toBeLessThanOrEqual(11 * megabyte);
		},
	);
});

/** A server that stores parts, answers a completion with an error, and shows what it is told to. */
async function startServer(
	show: (etagOfParts: string) => { status: number; etag?: string },
	unfinished = '',
) {
	const parts: Buffer[] = [];
	let givenUp = 0;
	const server = createServer((request, response) => {
		void buffer(request).then((body) => {
			const { method, url = '' } = request;
			const answer = (status: number, headers: Record<string, string>, text = '') =>
				response.writeHead(status, headers).end(text);
			const number = Number(/partNumber=(\d+)/.exec(url)?.[1]);
			if (method === 'PUT') {
				const md5 = createHash('md5').update(body).digest();
				parts[number - 1] = md5;
				answer(200, { etag: `"${md5.toString('hex')}"` });
			} else if (method === 'HEAD') {
				const md5 = createHash('md5').update(Buffer.concat(parts)).digest('hex');
				const { status, etag } = show(`${md5}-${parts.length}`);
				answer(status, etag === undefined ? {} : { etag: `"${etag}"` });
			} else if (method === 'DELETE') {
				givenUp++;
				answer(204, {});
			} else if (method === 'POST' && /[?&]uploads/.test(url)) {
				const xml = '<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>';
				answer(200, { 'content-type': 'application/xml' }, xml);
			} else if (method === 'GET') {
				answer(
					200,
					{ 'content-type': 'application/xml' },
					`<ListMultipartUploadsResult>${unfinished}</ListMultipartUploadsResult>`,
				);
			} else {
				answer(409, { 'content-type': 'application/xml' }, '<Error><Code>BrokenMPU</Code></Error>');
			}
		});
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return { endpoint: `http://127.0.0.1:${port}`, givenUp: () => givenUp, stop: () => server.close() };
}

describe('An upload to S3 whose completion is answered with an error', () => {
	it.each([
		[
			'is done where the object is there, and its parts stay',
			(etag: string) => ({ status: 200, etag }),
			undefined,
			0,
		],
		['is given up where there is none', () => ({ status: 404 }), { name: 'BrokenMPU' }, 1],
		['is kept where nobody knows', () => ({ status: 403 }), { name: 'BrokenMPU' }, 0],
		['is given up where another is there', () => ({ status: 200, etag: 'other-2' }), { code: 'exists' }, 1],
		[
			'is kept where another run began it, and may be completing it',
			() => ({ status: 404 }),
			{ name: 'BrokenMPU' },
			0,
			'<Upload><Key>k</Key><UploadId>2</UploadId></Upload>',
		],
	])('%s', async (_name, show, expected, givenUp, unfinished = '') => {
		const server = await startServer(show, unfinished);
		const client = new S3Client({
			...{ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true },
			credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
		});
		try {
			const content = textContent('x'.repeat(6 * megabyte));
			const target = { client, object: { Bucket: 'b', Key: 'k' }, path: 's3://b/k' };
			const done = upload(target, content, new AbortController().signal);
			if (expected) await expect(done).rejects.toMatchObject(expected);
			else await done;
			expect(server.givenUp()).toBe(givenUp);
		} finally {
			client.destroy();
			server.stop();
		}
	});
});
