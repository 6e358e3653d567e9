import { addAbortSignal, type Readable } from 'node:stream';
import { BackupError } from '../errors';

/**
 * A stream's pieces, ended by the signal, or when nothing has come for a while.
 *
 * @throws BackupError `unreachable` when nothing came; what the stream fails with otherwise
 */
export async function* withIdleLimit(
	stream: Readable,
	idleMs: number,
	server: string,
	signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
	const idle = () =>
		stream.destroy(
			new BackupError('unreachable', `${server} sent nothing for ${idleMs / 1000} seconds`, {
				advice: 'Check the network between n8n and that server, then run it again',
			}),
		);
	addAbortSignal(signal, stream);
	let timer = setTimeout(idle, idleMs);
	try {
		for await (const piece of stream) {
			clearTimeout(timer);
			yield piece as Buffer;
			timer = setTimeout(idle, idleMs);
		}
	} finally {
		clearTimeout(timer);
	}
}
