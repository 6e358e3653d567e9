import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CountingS3 {
	endpoint: string;
	/** Sizes of the parts of each object that was completed, in the order in which the completion listed them. */
	completed: Map<string, number[]>;
	stop(): Promise<void>;
}

/** One of so many bodies is compared with the hash that its request was signed with. */
const hashedOneIn = 20;

/**
 * An S3 server that keeps nothing of what it is sent but its size: for objects that are larger than a test may store.
 * It knows what an upload takes, lists nothing, and believes every key.
 */
export async function startCountingS3(): Promise<CountingS3> {
	const sizes = new Map<string, number>();
	const parts = new Map<string, number>();
	const completed = new Map<string, number[]>();
	let bodies = 0;

	const handle = async (request: IncomingMessage): Promise<Answer> => {
		const url = new URL(request.url ?? '', 'http://localhost');
		const key = decodeURIComponent(url.pathname);
		const part = url.searchParams.get('partNumber');
		switch (request.method) {
			case 'HEAD': {
				const size = sizes.get(key);
				return size === undefined ? { status: 404 } : { headers: { 'content-length': String(size) } };
			}
			case 'GET':
				return { body: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' };
			case 'DELETE':
				return { status: 204 };
			case 'PUT': {
				const bytes = await countBody(request, bodies++ % hashedOneIn === 0);
				if (bytes === undefined) return { status: 400, body: '<Error><Code>BadDigest</Code></Error>' };
				if (part === null) sizes.set(key, bytes);
				else parts.set(part, bytes);
				return { headers: { etag: `"${part ?? 'whole'}"` } };
			}
			default:
				if (url.searchParams.has('uploads')) {
					parts.clear();
					return {
						body: '<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>',
					};
				}
				completed.set(key, await listedSizes(request, parts));
				sizes.set(
					key,
					completed.get(key)!.reduce((sum, size) => sum + size, 0),
				);
				return { body: '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>' };
		}
	};
	const server = createServer((request, response) => {
		handle(request).then(
			({ status = 200, headers = {}, body }) => {
				response.writeHead(status, { 'content-type': 'application/xml', ...headers });
				response.end(body);
			},
			() => response.destroy(),
		);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		completed,
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

interface Answer {
	status?: number;
	headers?: Record<string, string>;
	body?: string;
}

/** @returns undefined for a body that is not what its request was signed with */
async function countBody(request: IncomingMessage, isHashed: boolean): Promise<number | undefined> {
	const hash = createHash('sha256');
	let bytes = 0;
	for await (const piece of request as AsyncIterable<Buffer>) {
		bytes += piece.length;
		if (isHashed) hash.update(piece);
	}
	if (isHashed && hash.digest('hex') !== request.headers['x-amz-content-sha256']) return undefined;
	return bytes;
}

async function listedSizes(request: IncomingMessage, parts: Map<string, number>): Promise<number[]> {
	let text = '';
	for await (const piece of request as AsyncIterable<Buffer>) text += piece.toString();
	return [...text.matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, part = '']) => {
		const size = parts.get(part);
		if (size === undefined) throw new Error(`Nobody has sent part ${part}`);
		return size;
	});
}
