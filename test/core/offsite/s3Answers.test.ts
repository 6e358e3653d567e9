import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Destination } from '../../../core/offsite/s3/s3Destination';

let server: Server;
let answer: { type: string; body: string };
let endpoint: string;
beforeAll(async () => {
	server = createServer((_request, response) => {
		response.writeHead(200, { 'content-type': answer.type }).end(answer.body);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
	server.close();
	server.closeAllConnections();
});

test.each([
	['a login page', { type: 'text/html', body: '<html><body>Sign in<br></body></html>' }],
	['half an answer', { type: 'application/xml', body: '<ListBucketResult><Contents><Key>a' }],
	['an answer that is no XML', { type: 'application/json', body: '{"error":"sign in"}' }],
])('%s in place of S3 is named as such', async (_name, sent) => {
	answer = sent;
	const destination = new S3Destination({
		...{ bucket: 'bucket', prefix: 'n8n', region: 'us-east-1', endpoint, forcePathStyle: true },
		...{ accessKeyId: 'key', secretAccessKey: 'secret' },
	});

	await expect(destination.list('env', AbortSignal.timeout(10_000))).rejects.toThrow(
		's3://bucket/n8n sent an answer that is no S3. ' +
			'Correct the endpoint, or see what changes answers on their way (a proxy, a login page), then run it again.',
	);
});
