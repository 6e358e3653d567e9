import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebdavDestination } from '../../../core/offsite/webdav/webdavDestination';

let server: Server;
let answer: { status: number; type: string; body: string };
let url: string;
beforeAll(async () => {
	server = createServer((_request, response) => {
		response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dav`;
});
afterAll(() => {
	server.close();
	server.closeAllConnections();
});

const xml = 'application/xml';

test.each([
	['a login page', { status: 200, type: 'text/html', body: '<html><body>Sign in</body></html>' }],
	['nothing', { status: 207, type: xml, body: '' }],
	['half an answer', { status: 207, type: xml, body: '<d:multistatus xmlns:d="DAV:"><d:response><d:hr' }],
	['no answers', { status: 207, type: xml, body: '<d:multistatus xmlns:d="DAV:"/>' }],
	[
		'an answer of other XML',
		{ status: 207, type: xml, body: '<d:multistatus xmlns:d="DAV:"><d:response/></d:multistatus>' },
	],
])('%s in place of WebDAV is named as such', async (_name, sent) => {
	answer = sent;
	const destination = new WebdavDestination({ url, user: '', password: '' });
	const asked = destination.head('env/a.backup', AbortSignal.timeout(10_000));

	await expect(asked).rejects.toThrow(
		`The server of ${destination.place}/env/a.backup sent an answer that is no WebDAV. ` +
			'Correct the address, or see what changes answers on their way (a proxy, a login page), then run it again.',
	);
});
