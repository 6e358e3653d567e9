import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { BlockReader, BlockStream, giveBackSharedMemory } from '../../../blocks';
import { type JobThread, smallHeap, takeThread } from '../../../threads';
import type { Conversation } from '../../connect/silence';
import { fitHeadToServer } from '../../serverDifferences';
import type { ServerFault } from './serverFault';
import { ServerInput } from './serverInput';
import type { PgDumpExit, PgDumpJob, PgDumpMessage } from './worker/messages';
import { createRing } from './worker/sharedRing';

/** From the server, not yet read by pg_dump. */
const inputBytes = 4 * 1024 * 1024;

/** A thread that has nothing to do yet: it is loaded while the server is asked. End it where it gets nothing to do. */
export function takePgDumpThread(): JobThread {
	const file = join(__dirname, 'worker', 'pgDumpWorker.js');
	return takeThread({ file, name: 'pg_dump', limits: smallHeap });
}

export interface PgDumpThreadOptions {
	/** From {@link takePgDumpThread}. It is released when pg_dump has succeeded, and else ended. */
	thread: JobThread;
	/** See {@link pgDumpProgram}. */
	program: WebAssembly.Module;
	args: string[];
	environment: Record<string, string>;
	/** Connected; it is destroyed at the end. */
	server: Duplex;
	/** Sees each chunk before it is streamed. */
	inspect: (chunk: Buffer) => void;
	/** Called with the key of the session when the dump is given up while the server is still at work. */
	cancel: (sessionKey: Buffer) => void;
}

export interface PgDumpThread {
	/** The dump. It ends when {@link DumpOutput.end} is called: only who looked at `exit` knows that it is whole. */
	output: DumpOutput;
	/** How pg_dump ended. Never rejects; a thread that was stopped has neither exit code nor crash. */
	exit: Promise<PgDumpExit>;
	/** The error that the server gave up with, if it did; to be asked before the output is destroyed. */
	serverFault(): ServerFault | undefined;
	/** What the connection to the server failed with, if it did. */
	connectionError(): unknown;
	/** Whose turn it is between pg_dump and the server, and whether anything moves. */
	traffic: Pick<Conversation, 'progress' | 'awaitsServer'>;
}

/**
 * Runs pg_dump as WebAssembly in a worker thread. The connection stays in this thread: what the server sends
 * goes through shared memory to the worker, what pg_dump writes comes back in the same way. Destroying the output
 * ends thread and connection.
 */
export function startPgDump({
	thread,
	program,
	args,
	environment,
	server,
	inspect,
	cancel,
}: PgDumpThreadOptions): PgDumpThread {
	const ring = createRing(inputBytes);
	const blocks = new BlockReader();
	const job: PgDumpJob = { program, args, environment, input: ring, output: blocks.shared };
	const port = thread.begin(job);

	const input = new ServerInput(server, ring);
	let exited: PgDumpExit | undefined;
	const { promise: exit, resolve: settle } = Promise.withResolvers<PgDumpExit>();
	let sent = 0;
	const output = new DumpOutput(() => {
		if (input.sessionKey && !exited) cancel(input.sessionKey);
		server.destroy();
		if (exited?.exitCode === 0) thread.release();
		void thread.end().then(() => {
			settle({ messages: '' });
			blocks.retire();
			giveBackSharedMemory(ring.bytes);
		});
	});
	// pg_dump may still say goodbye to a server that has gone already: no reason to end n8n.
	server.on('error', () => {});
	let connectionError: unknown;
	void input.receive().catch((error: unknown) => (connectionError = error));

	let isHead = true;
	port.on('message', (message: PgDumpMessage) => {
		switch (message.kind) {
			case 'send':
				input.beforeSending();
				sent++;
				server.write(message.bytes);
				break;
			case 'output': {
				const { bytes, release } = blocks.open(message.filled);
				const chunk = isHead ? fitHeadToServer(bytes) : bytes;
				isHead = false;
				inspect(chunk);
				output.deliver({ bytes: chunk, release });
				break;
			}
			case 'exit':
				exited = message.exit;
				settle(message.exit);
				break;
		}
	});
	void thread.lost.then(({ error }) => settle({ messages: '', crash: error?.message }));
	const traffic = {
		progress: () => input.received + sent,
		awaitsServer: () => input.isAwaited && !exited,
	};
	return {
		output,
		exit,
		serverFault: () => input.fault,
		connectionError: () => connectionError,
		traffic,
	};
}

/** The worker's output as a stream, which frees whatever produces the bytes when it is over. */
class DumpOutput extends BlockStream {
	readonly #stop: () => void;

	/** @param stop called once, at the end or before */
	constructor(stop: () => void) {
		super();
		this.#stop = stop;
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#stop();
		super._destroy(error, callback);
	}
}
