import type { MessagePort } from 'node:worker_threads';
import { toWorkerError } from '../../errors/workerError';
import { serveJobs } from '../../threads/serveJobs';
import { RdbInspector } from './rdbInspector';
import type { RdbInput, RdbOutput } from './rdbMessages';

/** The thread that looks through RDBs: the checksum of a gigabyte takes a second, which n8n's own thread has not to spare. */
serveJobs(async (_job: undefined, port: MessagePort) => {
	const inspector = new RdbInspector();
	const post = (message: RdbOutput) => port.postMessage(message);
	await new Promise<void>((resolve) => {
		port.on('message', (input: RdbInput) => {
			if (input.kind === 'block') {
				inspector.take(Buffer.from(input.memory, input.offset, input.length));
				post({ kind: 'released' });
			} else {
				post(verdictOf(inspector));
				resolve();
			}
		});
	});
});

function verdictOf(inspector: RdbInspector): RdbOutput {
	try {
		return { kind: 'sound', facts: inspector.finish() };
	} catch (error) {
		return { kind: 'failed', error: toWorkerError(error) };
	}
}
