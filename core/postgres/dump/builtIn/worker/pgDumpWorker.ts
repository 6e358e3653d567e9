import type { MessagePort } from 'node:worker_threads';
import { BlockWriter } from '../../../../blocks';
import { serveJobs } from '../../../../threads/serveJobs';
import type { PgDumpExit, PgDumpJob, PgDumpMessage } from './messages';
import { OutputDevice } from './outputDevice';
import { ProgramMemory } from './programMemory';
import { RingReader, type SharedRing } from './sharedRing';
import { createPgDump, type PgDumpModule } from './wasmModule';

/** Where pg_dump's output goes in its own file system. */
const outputPath = '/dev/dump';

const memories = new ProgramMemory();

serveJobs(runPgDump);

/** Runs pg_dump once. It blocks this thread from beginning to end; that is what the thread is for. */
async function runPgDump(job: PgDumpJob, port: MessagePort): Promise<void> {
	const post = (message: PgDumpMessage) => port.postMessage(message);
	const exit: PgDumpExit = { messages: '' };
	const memory = memories.take();
	const blocks = new BlockWriter(job.output, (filled) => post({ kind: 'output', filled }));
	const output = new OutputDevice(blocks);
	try {
		const module = await createPgDump({
			program: job.program,
			memory,
			prepare: ({ ENV }) => {
				for (const [name, value] of Object.entries(job.environment)) ENV[name] = asBytes(value);
			},
			connect: (instance) => {
				connectServer(instance, job.input, port);
				connectOutput(instance, output);
			},
			onMessage: (line) => (exit.messages += `${line}\n`),
			onMemoryFull: () => (exit.isMemoryFull = true),
			onExit: (code) => (exit.exitCode = code),
		});
		module.callMain([...job.args, '--format=plain', `--file=${outputPath}`, '--no-sync']);
		output.flush();
	} catch (error) {
		exit.crash = error instanceof Error ? error.message : String(error);
	}
	post({ kind: 'exit', exit });
	memories.giveBack(memory);
}

/** emscripten writes one byte a character into the environment: UTF-8 must be spelled out byte by byte. */
function asBytes(text: string): string {
	return Buffer.from(text, 'utf8').toString('latin1');
}

/** libpq's socket: what it sends is posted to the main thread, what it receives lies in the shared ring. */
function connectServer(module: PgDumpModule, ring: SharedRing, port: MessagePort): void {
	const input = new RingReader(ring);
	let mayReportEmpty = false;

	/**
	 * libpq believes in a non-blocking socket and reads once more when a message was longer than its buffer: it
	 * must be told once that nothing is there, or it would wait for bytes that nobody sends. Told more often, it
	 * takes the connection for closed. So the first empty read after some bytes says so and the next one waits.
	 */
	const receive = (pointer: number, length: number): number => {
		for (;;) {
			const count = input.read(module.HEAPU8.subarray(pointer, pointer + length));
			if (count > 0) {
				mayReportEmpty = true;
				return count;
			}
			if (mayReportEmpty) {
				mayReportEmpty = false;
				return 0;
			}
			if (!input.wait()) return 0;
		}
	};
	const send = (pointer: number, length: number): number => {
		const bytes = module.HEAPU8.slice(pointer, pointer + length);
		port.postMessage({ kind: 'send', bytes } satisfies PgDumpMessage, [bytes.buffer]);
		return length;
	};
	module._pgl_set_rw_cbs(module.addFunction(receive, 'iii'), module.addFunction(send, 'iii'));
}

/** A character device in place of a file: what pg_dump writes goes out at once and is never kept. */
function connectOutput({ FS }: PgDumpModule, output: OutputDevice): void {
	const device = FS.makedev(240, 0);
	let memory: Buffer = Buffer.alloc(0);
	FS.registerDevice(device, {
		open: (stream) => (stream.seekable = false),
		close: () => {},
		write: (_stream, { buffer, byteOffset }, offset, length) => {
			// Another one whenever the program's memory has grown.
			if (memory.buffer !== buffer) memory = Buffer.from(buffer);
			output.write(memory, byteOffset + offset, length);
			return length;
		},
	});
	FS.mkdev(outputPath, 0o666, device);
}
