import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpProxy {
	port: number;
	stop(): Promise<void>;
}

/**
 * A proxy before an HTTP server that tells of each request before the server hears of it.
 *
 * @param before true when it has answered in the server's place
 */
export async function startHttpProxy(
	targetPort: number,
	before: (incoming: IncomingMessage, answer: ServerResponse) => boolean | Promise<boolean>,
): Promise<HttpProxy> {
	const handle = async (incoming: IncomingMessage, answer: ServerResponse) => {
		if (!(await before(incoming, answer))) passOn(targetPort, incoming, answer);
	};
	const server = createServer((incoming, answer) => {
		handle(incoming, answer).catch(() => answer.destroy());
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		port: (server.address() as AddressInfo).port,
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function passOn(port: number, incoming: IncomingMessage, answer: ServerResponse): void {
	const { method, url: path, headers } = incoming;
	const target = { host: '127.0.0.1', port, agent: false as const };
	const outgoing = request({ ...target, method, path, headers }, (answered) => {
		answer.writeHead(answered.statusCode ?? 502, answered.headers);
		answered.pipe(answer);
		answered.on('error', () => answer.destroy());
	});
	// What comes after an answer is none of its business: Swift ends those to HEAD with a chunk that nobody expects.
	outgoing.on('error', () => {
		if (!answer.headersSent) answer.destroy();
	});
	incoming.pipe(outgoing);
}
