import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpProxy, startHttpProxy } from './httpProxy.ts';

export interface Busyness {
	/** The HTTP status of a refusal. */
	status: number;
	/** How often each request is refused before it gets through. */
	times: number;
	/** Answers before the request's body has come, and hangs up; hears it out otherwise. */
	isCurt?: boolean;
}

export interface BusyProxy extends HttpProxy {
	/** The method and path of each request that was refused. */
	readonly refused: readonly string[];
}

/** A proxy before an S3 server that refuses each request some times, as one does that has too much to do. */
export async function startBusyProxy(targetPort: number, busyness: Busyness): Promise<BusyProxy> {
	const refused: string[] = [];
	const proxy = await startHttpProxy(targetPort, (incoming, answer) => {
		const call = `${incoming.method} ${incoming.url}`;
		if (refused.filter((earlier) => earlier === call).length >= busyness.times) return false;
		refused.push(call);
		refuse(incoming, answer, busyness);
		return true;
	});
	return { ...proxy, refused };
}

function refuse(incoming: IncomingMessage, answer: ServerResponse, { status, isCurt }: Busyness): void {
	const say = () => {
		answer.writeHead(status, {
			'content-type': 'application/xml',
			connection: isCurt ? 'close' : 'keep-alive',
		});
		answer.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>');
	};
	if (isCurt) return say();
	incoming.resume().once('end', say);
}
