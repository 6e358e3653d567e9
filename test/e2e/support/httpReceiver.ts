import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
	method: string;
	path: string;
	body: string;
}

export interface HttpReceiver {
	url(path: string): string;
	/** Everything that came in, in order. */
	requests: ReceivedRequest[];
	stop(): Promise<void>;
}

/** Answers everything, and remembers what came in, in order. */
export function receive(): { requests: ReceivedRequest[]; listener: RequestListener } {
	const requests: ReceivedRequest[] = [];
	const listener: RequestListener = (request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const { method = '', url: path = '' } = request;
			requests.push({ method, path, body: Buffer.concat(chunks).toString() });
			response.end('ok');
		});
	};
	return { requests, listener };
}

/** Takes notifications as Slack or a dead-man switch would, and remembers them. */
export async function startReceiver(): Promise<HttpReceiver> {
	const { requests, listener } = receive();
	const server = createServer(listener);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: (path) => `http://127.0.0.1:${port}${path}`,
		requests,
		stop: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
