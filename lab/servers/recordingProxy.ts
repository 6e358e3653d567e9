import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A socket proxy as people put it before an engine: it forbids calls, and notes all that it sees. */
export interface RecordingProxy {
	port: number;
	/** `METHOD /path`, ids replaced by `{id}`, as the API's reference writes them. */
	calls: string[];
	/** Calls that are answered with 403. */
	forbid: RegExp | undefined;
	/** Everything that went through so far, both ways. */
	traffic(): string;
	/** Cuts every connection. */
	cut(): void;
	close(): Promise<void>;
}

/** Starts a proxy before the engine at a unix socket. */
export async function startProxy(socketPath: string): Promise<RecordingProxy> {
	const calls: string[] = [];
	const sockets = new Set<Socket>();
	const traffic: Buffer[] = [];
	const note = (chunk: Buffer) => void traffic.push(chunk);
	const allows = (message: IncomingMessage) => {
		const call = nameOf(message);
		calls.push(call);
		return !proxy.forbid?.test(call);
	};
	const server = createServer((message, response) => {
		if (!allows(message)) {
			response.writeHead(403, { 'content-type': 'text/html' });
			response.end(
				'<html><body><h1>403 Forbidden</h1>Request forbidden by administrative rules.</body></html>',
			);
			return;
		}
		const { method, url: path, headers } = message;
		const forwarded = request({ socketPath, method, path, headers, agent: false }, (answer) => {
			response.writeHead(answer.statusCode ?? 500, answer.headers);
			answer.on('data', note).pipe(response);
			answer.on('error', () => response.destroy());
		});
		forwarded.on('error', () => response.destroy());
		response.on('close', () => forwarded.destroy());
		// In one piece: an engine that has its answer closes the connection, whatever is still to be written.
		void buffer(message).then((body) => {
			note(body);
			forwarded.end(body);
		});
	});
	server.on('upgrade', (message: IncomingMessage, socket: Socket, head: Buffer) => {
		if (!allows(message)) {
			socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
			return;
		}
		const engine = connect(socketPath);
		const headers = Object.entries(message.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
		engine.write(`${message.method} ${message.url} HTTP/1.1\r\n${headers.join('')}\r\n`);
		engine.write(head);
		engine.on('data', note).pipe(socket);
		socket.on('data', note).pipe(engine);
		for (const side of [engine, socket])
			side.on('error', () => [engine, socket].forEach((it) => it.destroy()));
		engine.on('close', () => socket.destroy());
		socket.on('close', () => engine.destroy());
	});
	server.on('connection', (socket) => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const proxy: RecordingProxy = {
		port: (server.address() as AddressInfo).port,
		calls,
		forbid: undefined,
		traffic: () => Buffer.concat(traffic).toString('latin1'),
		cut: () => sockets.forEach((socket) => socket.destroy()),
		close: () => close(server, sockets),
	};
	return proxy;
}

function nameOf({ method, url = '' }: IncomingMessage): string {
	const path = url.split('?')[0]!.replace(/\/(containers|exec)\/(?!json$|create$)[^/]+/, '/$1/{id}');
	return `${method} ${path}`;
}

async function close(server: Server, sockets: Set<Socket>): Promise<void> {
	sockets.forEach((socket) => socket.destroy());
	await new Promise((resolve) => server.close(resolve));
}
